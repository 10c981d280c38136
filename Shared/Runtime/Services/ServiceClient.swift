import AsyncHTTPClient
public import Logging
public import NIOCore
import NIOHTTP1
import NIOPosix
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
///
/// A call goes to the replicas in turn. One that cannot be reached is left for the next within the same call, since nothing was sent to it, and is
/// then left alone for a while.
public final class ServiceClient: Sendable {
    private let client: HTTPClient
    /// Where the replicas are.
    public let directory: ReplicaDirectory
    private let turns = Mutex<[ServiceName: ReplicaTurns]>([:])
    private let signer: PrincipalSigner
    private let me: Principal

    public static let answerLimit = 16 << 20

    /// - Parameter lookup: how names of services are looked up; nil asks the system.
    public init(configuration: HouseConfiguration, signer: PrincipalSigner, lookup: NameLookup? = nil, logger: Logger) {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.timeout = .init(connect: .seconds(1), read: .seconds(65))
        settings.connectionPool = .init(idleTimeout: .seconds(50), concurrentHTTP1ConnectionsPerHostSoftLimit: 32)
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        // What cannot be read was refused when the configuration was.
        let addresses = configuration.serviceURLs.mapValues { $0.compactMap { try? ServiceAddress(parsing: $0) } }
        directory = ReplicaDirectory(addresses, lookup: lookup, logger: logger)
        self.signer = signer
        me = Principal(kind: .service, keyID: "service")
    }

    /// The header that carries a principal to another service.
    public func principalHeader(for principal: Principal) -> String { signer.header(for: principal) }

    public func get(_ service: ServiceName, _ path: String, deadline: TimeAmount) async throws -> JSON {
        try await call(Call(service: service, method: "GET", path: path, isRepeatable: true), deadline)
    }

    /// - Parameter isRepeatable: true for what has a business key at the service: it is sent once more where a connection is lost over it. Not for a
    ///   batch of events, which its relay repeats: that has to hear of every reader that may have died of it.
    public func post(
        _ service: ServiceName, _ path: String, body: [UInt8], deadline: TimeAmount, headers: [(String, String)] = [], isRepeatable: Bool = false
    ) async throws -> JSON {
        try await call(Call(service: service, method: "POST", path: path, body: body, headers: headers, isRepeatable: isRepeatable), deadline)
    }

    /// Whether a replica of the service says that it is ready.
    public func isReady(_ service: ServiceName, deadline: TimeAmount = .seconds(1)) async -> Bool {
        let end = NIODeadline.now() + deadline
        // Calls go in turn: as many as there are replicas, within reason, ask each.
        for _ in 0..<max(1, min(directory.replicas(of: service).count, 8)) {
            let rest = end - .now()
            guard rest > .zero else { return false }
            if (try? await get(service, "/readyz", deadline: rest)) != nil { return true }
        }
        return false
    }

    public func shutdown() async {
        try? await client.shutdown()
    }

    // MARK: - One call

    private struct Call {
        let service: ServiceName
        let method: String
        let path: String
        var body: [UInt8]?
        var headers: [(String, String)] = []
        let isRepeatable: Bool
    }

    private func call(_ call: Call, _ allowed: TimeAmount) async throws -> JSON {
        let deadline = NIODeadline.now() + allowed
        let replicas = await directory.known(of: call.service)
        var tried: [ServiceAddress] = []
        var next = turn(of: call.service) { $0.next(of: replicas, not: tried, at: .now()) }
        // The most that may have happened: a call that was cut off may have been acted on, whatever its repetition met.
        var outcome = ServiceCallError.Reason.unreachable
        while let replica = next {
            let reason: ServiceCallError.Reason
            do {
                let answer = try await send(call, to: replica, deadline)
                turn(of: call.service) { $0.answered(replica) }
                return answer
            } catch let error as ServiceCallError {
                reason = error.reason
            } catch {
                turn(of: call.service) { $0.gaveUp(replica) }
                throw error
            }
            switch reason {
            case .answered, .unreadable:
                turn(of: call.service) { $0.answered(replica) }
                throw ServiceCallError(service: call.service, reason: reason)
            case .timedOut:
                turn(of: call.service) { $0.failed(replica, at: .now()) }
                throw ServiceCallError(service: call.service, reason: outcome == .cutOff ? .cutOff : .timedOut)
            case .cutOff:
                turn(of: call.service) { $0.failed(replica, at: .now()) }
                guard call.isRepeatable, outcome != .cutOff else { throw ServiceCallError(service: call.service, reason: .cutOff) }
                outcome = .cutOff
            case .unreachable:
                turn(of: call.service) { $0.failedToConnect(replica, at: .now()) }
            }
            directory.hurry()
            tried.append(replica)
            next = turn(of: call.service) { $0.next(of: replicas, not: tried, at: .now()) }
            // With one replica, that one again: it may only have closed a kept connection.
            if next == nil, reason == .cutOff { next = replica }
        }
        throw ServiceCallError(service: call.service, reason: outcome)
    }

    private func turn<T>(of service: ServiceName, _ body: (inout ReplicaTurns) -> T) -> T {
        turns.withLock { body(&$0[service, default: ReplicaTurns()]) }
    }

    private func send(_ call: Call, to replica: ServiceAddress, _ deadline: NIODeadline) async throws -> JSON {
        var request = HTTPClientRequest(url: replica.url + call.path)
        request.method = .init(rawValue: call.method)
        request.headers.add(name: "X-Vefa-Principal", value: signer.header(for: me))
        if let trace = Trace.current { request.headers.add(name: "traceparent", value: trace.traceparent) }
        for (name, value) in call.headers { request.headers.add(name: name, value: value) }
        if let body = call.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response: HTTPClientResponse
        let bytes: ByteBuffer
        do {
            response = try await client.execute(request, deadline: deadline)
            bytes = try await response.body.collect(upTo: Self.answerLimit)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw ServiceCallError(service: call.service, reason: Self.reason(error))
        }
        let status = Int(response.status.code)
        // A replica that stops says so on the connections it closes, see ``DrainHandler``; it has not read the call.
        if status == 408, response.headers[canonicalForm: "connection"].contains("close") {
            throw ServiceCallError(service: call.service, reason: .unreachable)
        }
        let json = bytes.readableBytes == 0 ? JSON.null : (try? JSON(parsing: bytes, depthLimit: JSONParser.ownDepth))
        guard (200..<300).contains(status) else {
            let problem = Problem(
                status, json?["code"]?.string ?? "http_\(status)", json?["title"]?.string ?? "No success", detail: json?["detail"]?.string)
            throw ServiceCallError(service: call.service, reason: .answered(problem))
        }
        guard let json else { throw ServiceCallError(service: call.service, reason: .unreadable) }
        return json
    }

    private static func reason(_ error: any Error) -> ServiceCallError.Reason {
        switch error {
        case let error as HTTPClientError where error == .remoteConnectionClosed: .cutOff
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout: .timedOut
        case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE: .cutOff
        // Before anything was sent. Whatever is not known to be that may have been heard.
        case let error as HTTPClientError where error == .connectTimeout || error == .getConnectionFromPoolTimeout: .unreachable
        case is NIOConnectionError: .unreachable
        case let error as IOError where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode): .unreachable
        case is NIOTooManyBytesError: .unreadable
        default: .cutOff
        }
    }
}

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
