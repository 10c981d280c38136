import AsyncHTTPClient
public import Logging
public import NIOCore
import NIOHTTP1
public import Shared
import Synchronization

/// Why a call to another service did not bring an answer.
public struct ServiceCallError: Error, Sendable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// Nobody listens there.
        case unreachable
        /// The deadline passed.
        case timedOut
        /// The connection ended after the call was sent and before it was answered.
        case cutOff
        /// An answer that is no success; the problem it carried.
        case answered(Problem)
        case unreadable
    }

    public let service: ServiceName
    public let reason: Reason

    public init(service: ServiceName, reason: Reason) {
        self.service = service
        self.reason = reason
    }

    public var mayHaveDied: Bool { reason == .cutOff }

    public var description: String {
        switch reason {
        case .answered(let problem): "\(service.rawValue) answered \(problem.status) \(problem.code)"
        default: "\(service.rawValue): \(reason)"
        }
    }

    /// What a caller hears: refusals are passed on, everything else is an outage.
    public var problem: Problem {
        if case .answered(let problem) = reason, problem.status < 500 { return problem }
        return .unavailable("A part of this answer cannot be had just now.", code: "upstream_unavailable")
    }
}

/// Calls from one of the five to another: signed, traced, with a deadline. For the calls that are few; the gateway's proxy has its own pools.
public final class ServiceClient: Sendable {
    private let client: HTTPClient
    private let urls: [ServiceName: [String]]
    private let turns = Mutex<[ServiceName: Int]>([:])
    private let signer: PrincipalSigner
    private let me: Principal

    public static let answerLimit = 16 << 20

    public init(configuration: HouseConfiguration, signer: PrincipalSigner, logger: Logger) {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.timeout = .init(connect: .seconds(2), read: .seconds(65))
        settings.connectionPool = .init(idleTimeout: .seconds(50), concurrentHTTP1ConnectionsPerHostSoftLimit: 32)
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        urls = configuration.serviceURLs
        self.signer = signer
        me = Principal(kind: .service, keyID: "service")
    }

    /// The header that carries a principal to another service.
    public func principalHeader(for principal: Principal) -> String { signer.header(for: principal) }

    /// The replicas of a service, as configured.
    public func replicas(of service: ServiceName) -> [String] { urls[service] ?? [] }

    public func get(_ service: ServiceName, _ path: String, deadline: TimeAmount) async throws -> JSON {
        try await call(service, "GET", path, body: nil, deadline: deadline)
    }

    public func post(_ service: ServiceName, _ path: String, body: [UInt8], deadline: TimeAmount, headers: [(String, String)] = []) async throws -> JSON {
        try await call(service, "POST", path, body: body, deadline: deadline, headers: headers)
    }

    /// Whether a replica of the service says that it is ready.
    public func isReady(_ service: ServiceName, deadline: TimeAmount = .seconds(1)) async -> Bool {
        (try? await get(service, "/readyz", deadline: deadline)) != nil
    }

    public func shutdown() async {
        try? await client.shutdown()
    }

    private func call(
        _ service: ServiceName, _ method: String, _ path: String, body: [UInt8]?, deadline: TimeAmount, headers: [(String, String)] = []
    ) async throws -> JSON {
        let replicas = replicas(of: service)
        guard !replicas.isEmpty else { throw ServiceCallError(service: service, reason: .unreachable) }
        let turn = turns.withLock { $0[service, default: 0] }
        var request = HTTPClientRequest(url: replicas[turn % replicas.count] + path)
        request.method = .init(rawValue: method)
        request.headers.add(name: "X-Vefa-Principal", value: signer.header(for: me))
        if let trace = Trace.current { request.headers.add(name: "traceparent", value: trace.traceparent) }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let status: Int
        let bytes: ByteBuffer
        do {
            let response = try await client.execute(request, deadline: .now() + deadline)
            status = Int(response.status.code)
            bytes = try await response.body.collect(upTo: Self.answerLimit)
        } catch {
            // The next call tries the next replica.
            turns.withLock { $0[service, default: 0] += 1 }
            throw ServiceCallError(service: service, reason: Self.reason(error))
        }
        let json = bytes.readableBytes == 0 ? JSON.null : (try? JSON(parsing: bytes, depthLimit: JSONParser.ownDepth))
        guard (200..<300).contains(status) else {
            let problem = Problem(
                status, json?["code"]?.string ?? "http_\(status)", json?["title"]?.string ?? "No success", detail: json?["detail"]?.string)
            throw ServiceCallError(service: service, reason: .answered(problem))
        }
        guard let json else { throw ServiceCallError(service: service, reason: .unreadable) }
        return json
    }

    private static func reason(_ error: any Error) -> ServiceCallError.Reason {
        switch error {
        case let error as HTTPClientError where error == .remoteConnectionClosed: .cutOff
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout: .timedOut
        case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE: .cutOff
        case is ChannelError: .cutOff
        default: .unreachable
        }
    }
}

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
