import HTTPTypes
import Shared

/// One route that the world may call, and on what terms.
public struct PublicRoute: Sendable {
    /// Who answers it.
    public enum Target: Sendable, Equatable {
        /// The gateway itself.
        case here
        /// The service it is passed on to.
        case service(ServiceName)
    }

    /// Who may call it.
    public enum Access: Sendable, Equatable {
        /// A secret key with this scope; where `publishable` is set, a publishable key with it too.
        case key(scope: String, publishable: Bool)
        /// Anybody: it proves itself in another way (a store's signature, a token in the path) or has nothing to protect.
        case open
    }

    public let method: HTTPRequest.Method
    /// The path with its parameters in braces: `/v1/customers/{id}`.
    public let path: String
    public let target: Target
    public let access: Access
    /// Seconds its answer may take, where that is longer than for others: it goes over everything there is.
    public var patience: Int64?

    /// `GET /v1/customers/{id}`: how it is named in logs, metrics and the OpenAPI document.
    public var description: String { "\(method.rawValue) \(path)" }
}

/// Every public route, once. A service's route is public when it stands here; a test holds this table, the services' routers and
/// docs/openapi.yaml together.
public enum RouteTable {
    public static let all: [PublicRoute] = gateway + loyalty + referral + messaging + survey

    /// Every scope that a key can have, `*` and the families (`loyalty:*`) aside.
    public static let scopes: [String] = {
        var scopes: [String] = []
        for route in all {
            if case .key(let scope, _) = route.access, !scopes.contains(scope) { scopes.append(scope) }
        }
        return scopes.sorted()
    }()

    // MARK: - The table's own words

    static func open(_ method: HTTPRequest.Method, _ path: String) -> PublicRoute {
        PublicRoute(method: method, path: path, target: .here, access: .open)
    }

    /// A page or a link that anybody may follow, answered by a service.
    static func open(_ service: ServiceName, _ method: HTTPRequest.Method, _ path: String) -> PublicRoute {
        PublicRoute(method: method, path: path, target: .service(service), access: .open)
    }

    static func here(_ method: HTTPRequest.Method, _ path: String, _ scope: String) -> PublicRoute {
        PublicRoute(method: method, path: path, target: .here, access: .key(scope: scope, publishable: false))
    }

    static func route(
        _ service: ServiceName, _ method: HTTPRequest.Method, _ path: String, _ scope: String, publishable: Bool = false,
        patience: Int64? = nil
    ) -> PublicRoute {
        PublicRoute(
            method: method, path: path, target: .service(service), access: .key(scope: scope, publishable: publishable), patience: patience)
    }
}

extension RouteTable {
    /// The methods that a path answers, in the table's order; empty where no route has it. Where several patterns fit, the one with the
    /// fewest parameters counts, as in the router: `/v1/flows/presets` is no flow. Slow, and only asked once a request has found no route.
    static func methods(of path: String) -> [HTTPRequest.Method] {
        let segments = path.split(separator: "/")
        let fitting = all.filter { matches($0.path, segments) }
        let fewest = fitting.map { parameters(in: $0.path) }.min()
        return fitting.filter { parameters(in: $0.path) == fewest }.map(\.method)
    }

    private static func parameters(in pattern: String) -> Int { pattern.count { $0 == "{" } }

    private static func matches(_ pattern: String, _ segments: [Substring]) -> Bool {
        let parts = pattern.split(separator: "/")
        guard parts.count == segments.count else { return false }
        return zip(parts, segments).allSatisfy { $0.first == "{" || $0 == $1 }
    }
}
