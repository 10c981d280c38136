import HTTPTypes
import Hummingbird
import NIOCore
import Shared
import SharedRuntime

/// Stands at every public route: who is calling, may they call this, and not too often.
struct Doorkeeper: Sendable {
    /// How long the rest of a refused body is still read, so that a client in the middle of sending hears the answer before the
    /// connection closes.
    static let lingering: TimeAmount = .seconds(2)

    let keys: KeyRing
    let guesses: FailureLimiter

    /// Lets a call through to `next`, with its principal in the context, or answers the refusal.
    func admit(
        _ request: Request, _ context: VefaContext, to route: PublicRoute,
        _ next: (Request, VefaContext, KeyEntry?) async throws -> Response
    ) async throws -> Response {
        guard case .key(let scope, let publishable) = route.access else {
            return try await refusing(request, context) { try await next(request, context, nil) }
        }
        var verdict: TokenBucket.Verdict?
        var limit: RateLimit?
        var response = try await refusing(request, context) {
            let entry = try identify(request, context)
            if let bucket = entry.bucket {
                limit = bucket.limit
                verdict = bucket.take(now: MachineTime.nanoseconds)
            }
            if let verdict, !verdict.isAllowed {
                throw Problem(
                    429, "rate_limited", "Too many calls", detail: "This key has used up its calls.", retryAfter: verdict.retryAfter)
            }
            try Self.check(entry.key, scope: scope, publishable: publishable, request)
            var context = context
            context.principal = entry.principal
            return try await next(request, context, entry)
        }
        if let verdict, let limit {
            response.headers[.rateLimitPolicy] = limit.policy
            response.headers[.rateLimit] = verdict.header
        }
        return response
    }

    // MARK: - Who

    private func identify(_ request: Request, _ context: VefaContext) throws -> KeyEntry {
        guard let header = request.headers[.authorization] else {
            try guesses.record(context)
            throw Problem.unauthorized("A key is needed: Authorization: Bearer sk_…")
        }
        if let key = Self.bearer(header), let entry = keys.find(key) { return entry }
        try guesses.record(context)
        throw Problem.unauthorized("This key is not known, or was revoked.", code: "invalid_key")
    }

    /// The token of `Bearer <token>` (RFC 6750; the scheme in any case); nil for any other scheme.
    static func bearer(_ header: String) -> Substring? {
        guard let space = header.firstIndex(of: " ") else { return nil }
        let scheme = header[..<space]
        guard scheme == "Bearer" || scheme.lowercased() == "bearer" else { return nil }
        let token = header[header.index(after: space)...].drop { $0 == " " }
        return token.isEmpty || token.utf8.count > 255 ? nil : token
    }

    // MARK: - May they

    private static func check(_ key: APIKey, scope: String, publishable: Bool, _ request: Request) throws {
        if key.kind == .publishable {
            guard publishable else {
                throw Problem.forbidden("A publishable key may not call this. Use a secret key, on a server.", code: "secret_key_required")
            }
            if let origin = request.headers[.origin], !key.allowedOrigins.isEmpty, !key.allowedOrigins.contains(origin) {
                throw Problem.forbidden("This key is not for pages of \(origin.prefix(255)).", code: "origin_not_allowed")
            }
        }
        guard Scopes.allow(key.scopes, scope) else { throw Problem.forbidden("This key lacks the scope \(scope).", code: "missing_scope") }
    }

    // MARK: - Refusing

    /// Refusals become responses here, so that they carry the limits too. Failures of our own go on to where they are logged.
    private func refusing(_ request: Request, _ context: VefaContext, _ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch {
            let problem = FrontMiddleware.problem(error)
            guard problem.status < 500 else { throw error }
            var response = Reply(problem, instance: request.uri.path).response
            if Self.leavesBodyUnread(problem), Self.mayBeLong(request) { Self.closeSoon(context, &response) }
            return response
        }
    }

    /// Refusals that are answered before the body was read to its end.
    private static func leavesBodyUnread(_ problem: Problem) -> Bool { [401, 403, 413, 415, 429].contains(problem.status) }

    private static func mayBeLong(_ request: Request) -> Bool {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }) { return length > 1 << 20 }
        return request.headers.contains(.transferEncoding)
    }

    /// Reading on for ever what nobody wants would be a way to keep the gateway busy.
    private static func closeSoon(_ context: VefaContext, _ response: inout Response) {
        response.headers[.connection] = "close"
        guard let channel = context.channel else { return }
        channel.eventLoop.scheduleTask(in: lingering) { channel.close(promise: nil) }
    }
}

/// The same door for routes that are mounted as a group.
struct DoorMiddleware: RouterMiddleware {
    typealias Context = VefaContext

    let doorkeeper: Doorkeeper
    let route: PublicRoute

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        try await doorkeeper.admit(request, context, to: route) { request, context, _ in try await next(request, context) }
    }
}
