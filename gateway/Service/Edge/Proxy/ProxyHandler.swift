import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Shared
import SharedRuntime

/// Passes a call on to the service that owns its route, signed for whoever made it.
struct ProxyHandler: Sendable {
    /// No route takes more. Most services take less, and say so themselves.
    static let maximumBody = 10 << 20

    let house: House
    let upstreams: [ServiceName: Upstream]

    init(house: House) {
        self.house = house
        var upstreams: [ServiceName: Upstream] = [:]
        for service in ServiceName.allCases where service != .gateway {
            let directory = house.services.directory
            let upstream = Upstream(
                name: service.rawValue, addresses: directory.replicas(of: service), eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
                onTrouble: { directory.hurry() })
            directory.follow(service) { upstream.update($0) }
            upstreams[service] = upstream
        }
        self.upstreams = upstreams
    }

    /// `patience` is how many seconds the answer may take, where that is not the usual.
    func forward(
        _ request: Request, _ context: VefaContext, _ caller: Caller, to service: ServiceName, patience: Int64? = nil
    ) async throws -> Response {
        guard let upstream = upstreams[service] else { throw Problem.internalError }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.maximumBody {
            throw Problem.tooLarge(limit: Self.maximumBody)
        }
        var head = request.head
        head.headerFields[.authorization] = nil
        head.headerFields[.customerToken] = nil
        if head.headerFields.contains(where: { $0.name.canonicalName.hasPrefix("x-vefa-") }) {
            head.headerFields = HTTPFields(head.headerFields.filter { !$0.name.canonicalName.hasPrefix("x-vefa-") })
        }
        var added: HTTPFields = [
            .principal: caller.principalHeader(sign: house.services.principalHeader(for:)), .requestID: context.requestID,
        ]
        if let address = caller.address { added[.clientAddress] = address.description }
        if let trace = Trace.current { added[.traceparent] = trace.traceparent }
        do {
            let request = UpstreamRequest(
                head: head, added: added, body: try await UpstreamRequest.Body(of: request),
                responseTimeout: patience.map { .seconds($0) },
                isRepeatable: UpstreamRequest.isIdempotent(head.method) || head.headerFields.contains(.idempotencyKey),
                client: context.channel)
            return try await upstream.forward(request, on: context.channel?.eventLoop ?? MultiThreadedEventLoopGroup.singleton.any())
        } catch let error as UpstreamError {
            throw Self.problem(error, service)
        }
    }

    private static func problem(_ error: UpstreamError, _ service: ServiceName) -> Problem {
        switch error {
        case .unreachable:
            .unavailable("The \(service.rawValue) service cannot be reached; nothing was done.", code: "upstream_unavailable")
        case .overloaded:
            .unavailable("The \(service.rawValue) service is busy; nothing was done.", code: "upstream_overloaded")
        case .broken:
            .unavailable(
                "The \(service.rawValue) service went away while it answered; it may have done what was asked.",
                code: "upstream_unavailable")
        case .timedOut:
            Problem(
                504, "upstream_timeout", "No answer in time",
                detail: "The \(service.rawValue) service did not answer in time; it may have done what was asked.", retryAfter: 1)
        case .requestIncomplete: .malformed("The body ended before its announced length.")
        case .malformedRequest: .malformed("The request's target cannot be passed on.")
        }
    }
}
