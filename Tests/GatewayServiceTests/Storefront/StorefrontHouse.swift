import HTTPTypes
import Hummingbird
import Shared
import SharedRuntime
import SharedTesting

@testable import GatewayService

/// Routes as a storefront calls them, in the place of the table's, and a service that answers with what it was told.
enum Storefront {
    static let routes: [PublicRoute] =
        RouteTable.gateway + [
            RouteTable.route(.survey, .get, "/v1/probe/{id}", "loyalty:read", publishable: true),
            RouteTable.route(.survey, .post, "/v1/probe/{id}", "loyalty:write", publishable: true),
            RouteTable.route(.survey, .put, "/v1/probe/{id}", "loyalty:write"),
            RouteTable.route(.survey, .get, "/v1/behind", "loyalty:read"),
            RouteTable.open(.survey, .get, "/probe/{code}"),
            RouteTable.open(.survey, .post, "/probe/{code}"),
        ]

    static let echo: RouterResponder<VefaContext> = {
        let router = Router(context: VefaContext.self, options: .autoGenerateHeadEndpoints)
        for method: HTTPRequest.Method in [.get, .post, .put] {
            router.on("/v1/**", method: method) { request, _ in Reply(.ok, told(request)) }
        }
        router.get("/probe/{code}") { request, context -> Response in
            if try context.parameter("code") == "away" {
                return Response(
                    status: .found,
                    headers: [.location: "https://shop.example/?ref=1", .setCookie: "a=1; Path=/", .xContentTypeOptions: "nosniff"])
            }
            var response = Reply(.ok, told(request), headers: [.setCookie: "a=1; Path=/"]).response
            response.headers.append(HTTPField(name: .setCookie, value: "b=2; HttpOnly"))
            return response
        }
        router.post("/probe/{code}") { request, _ in
            let form = try await request.form()
            return Reply(.ok, ["told": told(request), "fields": .from(form.map { "\($0.name)=\($0.value)" })])
        }
        return router.buildResponder()
    }()

    private static func told(_ request: Request) -> JSON {
        var headers = JSONObject()
        for field in request.headers { headers[field.name.canonicalName] = .string(field.value) }
        return ["method": .string(request.method.rawValue), "path": .string(request.uri.string), "headers": .object(headers)]
    }
}

struct StorefrontHouse: Sendable {
    let gateway: GatewayHouse
    /// A publishable key without origins.
    let page: String

    /// Runs `body` against a gateway with a service behind it.
    static func with(_ environment: [String: String] = [:], _ body: @escaping @Sendable (StorefrontHouse) async throws -> Void) async throws
    {
        try await withServer(Storefront.echo) { port in
            try await withGateway(environment.merging(["VEFA_SURVEY_URL": "http://127.0.0.1:\(port)"]) { $1 }, routes: Storefront.routes) {
                gateway in
                let page = try await key(gateway)
                try await body(StorefrontHouse(gateway: gateway, page: page))
            }
        }
    }

    /// Makes a publishable key.
    static func key(_ gateway: GatewayHouse, origins: [String] = [], scopes: [String] = ["*"]) async throws -> String {
        let made = try await gateway.post(
            "/v1/api_keys", ["name": "page", "kind": "publishable", "allowed_origins": .from(origins), "scopes": .from(scopes)])
        guard let key = made.json["key"]?.string else { throw TestHouse.Unexpected(description: made.text) }
        return key
    }

    func call(
        _ method: HTTPRequest.Method = .get, _ path: String = "/v1/probe/1", _ headers: HTTPFields = [:], key: String?
    ) async throws -> TestHouse.Answer {
        try await gateway.call(method, path, headers: headers, key: key)
    }

    /// Whom the service was told it has to do with.
    func principal(_ answer: TestHouse.Answer) -> Principal? {
        let header = answer.json.at("headers", "x-vefa-principal")?.string
        return header.flatMap { PrincipalSigner(key: gateway.test.house.configuration.internalKey).verify($0) }
    }
}
