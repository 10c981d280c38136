import Crypto
public import HTTPTypes
public import Hummingbird
import NIOCore
public import Shared
import SharedStore
import Synchronization

/// What a writing call brought.
public struct CommandInput: Sendable {
    public let body: JSON
    public let parameters: [String: String]
    public let query: [String: String]
    public let principal: Principal

    /// A part of the path, decoded.
    public func parameter(_ name: String) throws -> String {
        try PathParameter.require(parameters[name])
    }
}

/// Which (key, route) pairs are being answered right now in this process.
final class IdempotencyDesk: Sendable {
    private let inFlight = Mutex<Set<String>>([])

    func enter(_ name: String) -> Bool { inFlight.withLock { $0.insert(name).inserted } }
    func leave(_ name: String) { inFlight.withLock { _ = $0.remove(name) } }
}

extension House {
    /// Answers a POST, PUT, PATCH or DELETE: reads the body (none is `{}`), runs `body` in one transaction and, with an `Idempotency-Key`, keeps the
    /// answer in that same transaction: the same key and body are answered the same again, another body is refused, one in flight is 409.
    public func command(
        _ request: Request, _ context: VefaContext, limit: Int = 1 << 20,
        _ body: @escaping @Sendable (CommandInput, Change) throws -> Reply
    ) async throws -> Reply {
        let (input, ticket) = try await commandInput(request, context, limit: limit)
        guard let ticket else { return try await write { try body(input, $0) } }
        return try await idempotent(ticket) { try body(input, $0) }
    }

    /// The same for a command that needs another service's answer first. `preparing` runs outside the transaction, and again when the caller tries
    /// again: whatever it asks for must have a business key. What it throws is the answer; a refusal (4xx) is kept for the `Idempotency-Key` like any
    /// other.
    public func command<Prepared: Sendable>(
        _ request: Request, _ context: VefaContext, limit: Int = 1 << 20,
        preparing: @escaping @Sendable (CommandInput) async throws -> Prepared,
        _ body: @escaping @Sendable (CommandInput, Prepared, Change) throws -> Reply
    ) async throws -> Reply {
        let (input, ticket) = try await commandInput(request, context, limit: limit)
        guard let ticket else {
            let prepared = try await preparing(input)
            return try await write { try body(input, prepared, $0) }
        }
        return try await idempotent(ticket, preparing: { try await preparing(input) }, { try body(input, $0, $1) })
    }

    private func commandInput(
        _ request: Request, _ context: VefaContext, limit: Int
    ) async throws -> (CommandInput, IdempotencyTicket?) {
        let bytes = try await request.bytes(limit: limit)
        let json: JSON
        if bytes.readableBytes == 0 {
            json = .object(JSONObject())
        } else {
            if let type = request.headers[.contentType], !type.isEmpty, !type.prefix(while: { $0 != ";" }).lowercased().contains("json") {
                throw Problem(415, "unsupported_media_type", "This content type is not read here", detail: "application/json was expected.")
            }
            json = try JSON(parsing: bytes)
        }
        let principal = try context.requirePrincipal()
        let input = CommandInput(
            body: json,
            parameters: Dictionary(context.parameters.map { (String($0.key), String($0.value).removingPercentEscapes) }, uniquingKeysWith: { $1 }),
            query: Dictionary(request.queryItems.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
            principal: principal)
        guard let key = request.headers[.idempotencyKey], !key.isEmpty else { return (input, nil) }
        return (input, try IdempotencyTicket(key: key, principal: principal, request: request, bytes: bytes))
    }

    private func idempotent<Prepared: Sendable>(
        _ ticket: IdempotencyTicket, preparing: () async throws -> Prepared,
        _ body: @escaping @Sendable (Prepared, Change) throws -> Reply
    ) async throws -> Reply {
        guard idempotency.enter(ticket.name) else {
            throw Problem.conflict("idempotency_in_flight", "The first call with this Idempotency-Key is still being answered.")
        }
        defer { idempotency.leave(ticket.name) }
        if let known = try await read({ try ticket.find($0) }) { return known }
        let prepared: Result<Prepared, Problem>
        do {
            prepared = .success(try await preparing())
        } catch let problem as Problem where problem.status < 500 && problem.status != 409 {
            // What somebody else is just doing is no answer to keep: the caller may be the one who does it, by another replica.
            prepared = .failure(problem)
        }
        return try await keeping(ticket) { try body(try prepared.get(), $0) }
    }

    /// Runs `body` once for a ticket. Refusals (4xx) are kept too: asking again does not change the answer.
    public func idempotent(_ ticket: IdempotencyTicket, _ body: @escaping @Sendable (Change) throws -> Reply) async throws -> Reply {
        guard idempotency.enter(ticket.name) else {
            throw Problem.conflict("idempotency_in_flight", "The first call with this Idempotency-Key is still being answered.")
        }
        defer { idempotency.leave(ticket.name) }
        return try await keeping(ticket, body)
    }

    private func keeping(_ ticket: IdempotencyTicket, _ body: @escaping @Sendable (Change) throws -> Reply) async throws -> Reply {
        try await write { change in
            if let known = try ticket.find(change.db) { return known }
            let reply: Reply
            do {
                reply = try change.attempt { try body(change) }
            } catch let problem as Problem where problem.status < 500 {
                reply = Reply(problem, instance: ticket.path)
            }
            try ticket.keep(reply, change)
            return reply
        }
    }
}

/// One use of an `Idempotency-Key`, scoped by the caller's API key, the shopper whom a storefront calls for, and the route; kept for seven days.
public struct IdempotencyTicket: Sendable {
    let key: String
    let scope: String
    let hash: String
    let path: String

    static let lifetimeMilliseconds: Int64 = 7 * 86_400_000
    private static let longestScope = 1_024

    var name: String { scope + " " + key }

    public init(key: String, principal: Principal, request: Request, bytes: ByteBuffer) throws {
        guard key.utf8.count <= 255 else { throw Problem.invalid("Idempotency-Key", "too_long", "at most 255 bytes") }
        self.key = key
        path = request.uri.path
        // All of a shop's pages share one key: without the shopper in it, one could be answered what another was.
        let shopper = principal.customerID.map { " for " + PercentCoding.encode($0) } ?? ""
        let scope = "\(principal.keyID)\(shopper) \(request.method.rawValue) \(path)"
        // A path may be long, and stores index about 2,700 bytes.
        self.scope = scope.utf8.count <= Self.longestScope ? scope : Base64URL.encode(Array(SHA256.hash(data: Array(scope.utf8))))
        hash = Base64URL.encode(Array(SHA256.hash(data: Array(bytes.readableBytesView))))
    }

    func find(_ db: SQLConnection) throws -> Reply? {
        let row = try db.first(
            """
            SELECT request_hash, status, content_type, body FROM idempotency
            WHERE scope = \(scope) AND idempotency_key = \(key) AND created_at > \(VefaClock.machineNow.adding(milliseconds: -Self.lifetimeMilliseconds))
            """
        ) { (hash: $0.text(0), status: Int($0.int(1)), contentType: $0.text(2), body: $0.text(3)) }
        guard let row else { return nil }
        guard row.hash == hash else {
            throw Problem(422, "idempotency_mismatch", "Refused", detail: "This Idempotency-Key was used with another body.")
        }
        return Reply(
            HTTPResponse.Status(code: row.status), bytes: Array(row.body.utf8), contentType: row.contentType, headers: [.idempotencyReplayed: "true"])
    }

    func keep(_ reply: Reply, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO idempotency (scope, idempotency_key, request_hash, status, content_type, body, created_at)
            VALUES (\(scope), \(key), \(hash), \(reply.status.code), \(reply.contentType), \(String(decoding: reply.body, as: UTF8.self)),
                \(VefaClock.machineNow))
            ON CONFLICT (scope, idempotency_key) DO UPDATE SET
                request_hash = excluded.request_hash, status = excluded.status, content_type = excluded.content_type, body = excluded.body,
                created_at = excluded.created_at
            """)
    }
}

extension String {
    /// `%C3%BC` → `ü`; left as it is where that is no UTF-8.
    public var removingPercentEscapes: String {
        guard utf8.contains(UInt8(ascii: "%")) else { return self }
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x41 + 10
            case 0x61...0x66: byte - 0x61 + 10
            default: nil
            }
        }
        let bytes = Array(utf8)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(bytes[index + 1]), let low = digit(bytes[index + 2]) {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(validating: decoded, as: UTF8.self) ?? self
    }
}
