import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Shared
import SharedRuntime

/// Stands at every public route: who is calling, may they call this, and not too often.
struct Doorkeeper: Sendable {
    typealias Next = (Request, VefaContext, Caller) async throws -> Response

    /// How long the rest of a refused body is still read, so that a client in the middle of sending hears the answer before the
    /// connection closes.
    static let lingering: TimeAmount = .seconds(2)

    let keys: KeyRing
    let settings: SettingsDesk
    let proxies: TrustedProxies
    let guesses: AddressLimiter
    let visits: AddressLimiter
    let logger: Logger

    /// Lets a call through to `next`, with its principal in the context, or answers the refusal.
    func admit(_ request: Request, _ context: VefaContext, to route: PublicRoute, _ next: Next) async throws -> Response {
        switch route.access {
        case .key(let scope, let publishable):
            return try await admitWithKey(request, context, scope: scope, publishable: publishable, next)
        case .open where route.target == .here:
            return try await refusing(request, context) { try await next(request, context, .anybody) }
        case .open:
            return try await admitVisitor(request, context, next)
        }
    }

    /// A browser asks what a page of another origin may call here.
    func answerPreflight(_ request: Request, _ context: VefaContext, methods: [HTTPRequest.Method]) async throws -> Response {
        try await refusing(request, context) {
            try visits.count(proxies.client(request, context))
            return CrossOrigin.preflight(request, methods: methods)
        }
    }

    // MARK: - Callers with a key

    private func admitWithKey(
        _ request: Request, _ context: VefaContext, scope: String, publishable: Bool, _ next: Next
    ) async throws -> Response {
        var verdict: TokenBucket.Verdict?
        var limit: RateLimit?
        let origin = publishable ? request.headers[.origin] : nil
        // Without a known key, the shop's own pages may read why they are refused.
        var isReadable = origin.map { settings.allows(origin: $0, keyOrigins: []) } ?? false
        var response = try await refusing(request, context, everything: origin != nil) {
            let entry = try identify(request, context)
            if let bucket = entry.bucket {
                limit = bucket.limit
                verdict = bucket.take(now: MachineTime.nanoseconds)
            }
            let isStorefront = entry.key.kind == .publishable
            let isAllowed = origin.map { settings.allows(origin: $0, keyOrigins: entry.key.allowedOrigins) } ?? true
            // A secret key has no business in a page; no browser is helped to use one.
            isReadable = isStorefront && isAllowed
            if let verdict, !verdict.isAllowed {
                throw Problem(
                    429, "rate_limited", "Too many calls", detail: "This key has used up its calls.", retryAfter: verdict.retryAfter)
            }
            if isStorefront {
                guard publishable else {
                    throw Problem.forbidden(
                        "A publishable key may not call this. Use a secret key, on a server.", code: "secret_key_required")
                }
                guard isAllowed else {
                    throw Problem.forbidden("This key is not for pages of \((origin ?? "").prefix(255)).", code: "origin_not_allowed")
                }
            }
            guard Scopes.allow(entry.key.scopes, scope) else {
                throw Problem.forbidden("This key lacks the scope \(scope).", code: "missing_scope")
            }
            let caller = isStorefront ? try shopper(request, context, entry) : Caller(principal: entry.principal, entry: entry)
            var context = context
            context.principal = caller.principal
            return try await next(request, context, caller)
        }
        if let verdict, let limit {
            response.headers[.rateLimitPolicy] = limit.policy
            response.headers[.rateLimit] = verdict.header
        }
        if let origin { CrossOrigin.mark(&response, origin: origin, isReadable: isReadable) }
        return response
    }

    private func identify(_ request: Request, _ context: VefaContext) throws -> KeyEntry {
        guard let header = request.headers[.authorization] else {
            try guesses.count(proxies.client(request, context))
            throw Problem.unauthorized("A key is needed: Authorization: Bearer sk_…")
        }
        if let key = Self.bearer(header), let entry = keys.find(key) { return entry }
        try guesses.count(proxies.client(request, context))
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

    /// A call from a storefront's page, for the customer whom the store's token names, if there is one.
    private func shopper(_ request: Request, _ context: VefaContext, _ entry: KeyEntry) throws -> Caller {
        let address = proxies.client(request, context)
        var principal = entry.principal
        if let token = request.headers[.customerToken], !token.isEmpty {
            let now = VefaClock.machineNow
            do {
                principal.customerID = try CustomerToken.customer(of: token, keys: settings.tokenKeys(now: now), now: now)
            } catch {
                try guesses.count(address)
                throw error
            }
        }
        return Caller(principal: principal, entry: entry, address: address)
    }

    // MARK: - Anybody

    /// Whoever follows a link. Who opens a page hears of a failure in a page, too.
    private func admitVisitor(_ request: Request, _ context: VefaContext, _ next: Next) async throws -> Response {
        try await refusing(request, context, everything: ProblemPage.isWanted(request)) {
            let address = proxies.client(request, context)
            do { try visits.count(address) } catch {
                proxies.noticeUnknownProxy(request, logger)
                throw error
            }
            var context = context
            context.principal = .visitor
            return try await next(request, context, Caller(principal: .visitor, address: address))
        } reply: { problem in
            ProblemPage.isWanted(request) ? ProblemPage.reply(problem, request) : Reply(problem, instance: request.uri.path)
        }
    }

    // MARK: - Refusing

    /// Refusals become responses here, so that they carry the limits too. Failures of our own go on to where they are logged, unless
    /// `everything` is to be answered in this way.
    private func refusing(
        _ request: Request, _ context: VefaContext, everything: Bool = false, _ body: () async throws -> Response,
        reply: ((Problem) -> Reply)? = nil
    ) async throws -> Response {
        do {
            return try await body()
        } catch let error as HTTPParserError {
            throw error
        } catch {
            guard everything || FrontMiddleware.problem(error).status < 500 else { throw error }
            let problem = FrontMiddleware.report(error, of: request, requestID: context.requestID, to: logger)
            var response = (reply?(problem) ?? Reply(problem, instance: request.uri.path)).response
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
