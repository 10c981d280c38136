import Foundation
import GatewayService
import HTTPTypes
import Hummingbird
import LoyaltyService
import MessagingService
import ReferralService
import Shared
import SharedRuntime
import SharedTesting
import SurveyService
import Testing
import Yams

/// The gateway's route table, the services' routers and docs/openapi.yaml say the same.
@Suite("The contract")
struct RouteContractTests {
    @Test("every route of the table is documented, and nothing else is")
    func tableAndDocument() throws {
        let documented = Set(try Document.load().operations.keys)
        let table = Set(RouteTable.all.map { Self.shape($0.method.rawValue, $0.path) })
        let house = Set(["/healthz", "/readyz", "/metrics"].map { Self.shape("GET", $0) })
        #expect(table.subtracting(documented) == [], "in the table, not in docs/openapi.yaml")
        #expect(documented.subtracting(table).subtracting(house) == [], "in docs/openapi.yaml, not in the table")
    }

    @Test("every route of the table is answered by the service it names, and a service has no public route beside it")
    func tableAndRouters() async throws {
        let definitions: [ServiceName: ServiceDefinition] = [
            .loyalty: LoyaltyService.definition, .referral: ReferralService.definition, .messaging: MessagingService.definition,
            .survey: SurveyService.definition,
        ]
        for (service, definition) in definitions {
            let house = try await TestHouse.start(definition)
            let routes = house.application.buildRouter().routes
                .map { Self.shape($0.method.rawValue, $0.path.description) }.filter { !Self.isOfTheHouse($0) }
            await house.stop()
            let promised = RouteTable.all.filter { $0.target == .service(service) }.map { Self.shape($0.method.rawValue, $0.path) }
            #expect(Set(promised).subtracting(routes) == [], "promised by the gateway, not answered by \(service.rawValue)")
            #expect(Set(routes).subtracting(promised) == [], "answered by \(service.rawValue), not reachable through the gateway")
        }
    }

    @Test("the gateway mounts every route of the table")
    func gatewayRouter() async throws {
        let house = try await TestHouse.start(GatewayService.definition)
        let mounted = Set(house.application.buildRouter().routes.map { Self.shape($0.method.rawValue, $0.path.description) })
        await house.stop()
        #expect(Set(RouteTable.all.map { Self.shape($0.method.rawValue, $0.path) }).subtracting(mounted) == [])
    }

    @Test("every operation says what it answers: a success, and 401 where a key is needed")
    func statuses() throws {
        let operations = try Document.load().operations
        for route in RouteTable.all {
            let shape = Self.shape(route.method.rawValue, route.path)
            guard let responses = operations[shape] else { continue }
            #expect(responses.contains { $0.hasPrefix("2") || $0.hasPrefix("3") }, "\(shape) names no success")
            if case .key = route.access { #expect(responses.contains("401"), "\(shape) names no 401") }
        }
    }

    @Test("the document names each route's scope, and the customer's token just where a storefront may call")
    func access() throws {
        let document = try Document.load()
        for route in RouteTable.all {
            let shape = Self.shape(route.method.rawValue, route.path)
            switch route.access {
            case .open:
                #expect(document.scopes[shape] == nil, "\(shape)")
                #expect(!document.forShoppers.contains(shape), "\(shape)")
            case .key(let scope, let publishable):
                #expect(document.scopes[shape] == scope, "\(shape)")
                #expect(document.forShoppers.contains(shape) == publishable, "\(shape)")
            }
        }
    }

    /// Routes that every service has, for the others of the five and for whoever runs it.
    private static func isOfTheHouse(_ shape: String) -> Bool {
        shape.contains(" /internal/") || ["GET /healthz", "GET /readyz", "GET /metrics"].contains(shape)
    }

    /// `GET /v1/customers/*`: parameters by any name are one.
    static func shape(_ method: String, _ path: String) -> String {
        let segments = path.split(separator: "/").map { $0.first == "{" || $0.first == ":" ? "*" : String($0) }
        return "\(method) /\(segments.joined(separator: "/"))"
    }
}

/// docs/openapi.yaml, as far as this test reads it.
private struct Document {
    /// The statuses of each operation, by shape.
    let operations: [String: Set<String>]
    let scopes: [String: String]
    /// The operations that take `X-Customer-Token`.
    let forShoppers: Set<String>

    static func load() throws -> Document {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/openapi.yaml")
        let root = try #require(try Yams.load(yaml: String(contentsOf: file, encoding: .utf8)) as? [String: Any])
        let paths = try #require(root["paths"] as? [String: [String: Any]])
        var operations: [String: Set<String>] = [:]
        var scopes: [String: String] = [:]
        var forShoppers: Set<String> = []
        for (path, methods) in paths {
            for (method, operation) in methods where ["get", "put", "post", "patch", "delete"].contains(method) {
                let members = operation as? [String: Any] ?? [:]
                let responses = members["responses"] as? [AnyHashable: Any] ?? [:]
                let shape = RouteContractTests.shape(method.uppercased(), path)
                operations[shape] = Set(responses.keys.map { "\($0)" })
                scopes[shape] = members["x-scope"] as? String
                let parameters = (members["parameters"] as? [[String: Any]] ?? []).compactMap { $0["$ref"] as? String }
                if parameters.contains("#/components/parameters/customer_token") { forShoppers.insert(shape) }
            }
        }
        return Document(operations: operations, scopes: scopes, forShoppers: forShoppers)
    }
}
