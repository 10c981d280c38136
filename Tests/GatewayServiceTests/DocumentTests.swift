import HTTPTypes
import Shared
import SharedTesting
import Testing

@testable import GatewayService

@Suite("The API's own document", .serialized)
struct DocumentTests {
    @Test("/openapi.json is OpenAPI 3.1 and is not sent twice to who has it")
    func openAPI() async throws {
        try await withGateway { gateway in
            let answer = try await gateway.get("/openapi.json", key: nil)
            #expect(answer.status == 200)
            #expect(answer.json["openapi"]?.string?.hasPrefix("3.1") == true)
            let etag = try #require(answer.headers[.eTag])
            let again = try await gateway.call(.get, "/openapi.json", headers: [.ifNoneMatch: "\"x\", W/\(etag)"], key: nil)
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
        }
    }

    @Test("every route of the table is in the document, and the other way round")
    func complete() throws {
        let document = try OpenAPIDocument().json
        var documented: Set<String> = []
        for path in document["paths"]?.object?.members ?? [] {
            for operation in path.value.object?.members ?? [] where ["get", "post", "put", "patch", "delete"].contains(operation.name) {
                documented.insert("\(operation.name.uppercased()) \(path.name)")
            }
        }
        let house: Set<String> = ["GET /healthz", "GET /readyz", "GET /metrics"]
        #expect(Set(RouteTable.all.map(\.description)).union(house) == documented)
    }

    @Test("each route in the document names the scope that the table asks for, or that it needs no key")
    func scopes() throws {
        let document = try OpenAPIDocument().json
        for route in RouteTable.all {
            let operation = try #require(document["paths"]?[route.path]?[route.method.rawValue.lowercased()])
            switch route.access {
            case .open: #expect(operation["security"] == [], "\(route.description)")
            case .key(let scope, _): #expect(operation["x-scope"] == .string(scope), "\(route.description)")
            }
        }
    }

    @Test("/docs shows every route, without a script")
    func docs() async throws {
        try await withGateway { gateway in
            let page = try await gateway.get("/docs", key: nil)
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(!page.text.contains("<script"))
            let missing = RouteTable.all.filter { !page.text.contains("<code>\($0.path)</code>") }.map(\.path)
            #expect(missing.isEmpty)
        }
    }

    @Test("YAML's traps stay words")
    func scalars() throws {
        let document = try OpenAPIDocument(yaml: "a: no\nb: 'true'\nc: 1.0\nd: 2026-03-01\ne: null\nf: [1, \"2\"]\n")
        #expect(document.json == ["a": "no", "b": "true", "c": 1.0, "d": "2026-03-01", "e": nil, "f": [1, "2"]])
    }

    @Test("every route of the gateway's own has a handler")
    func handlers() async throws {
        try await withGateway { gateway in
            let own = try Gateway(gateway.test.house).handlers
            let expected = RouteTable.all.filter { $0.target == .here && $0.path != "/v1/sandbox/clock" }.map(\.description)
            #expect(Set(own.keys) == Set(expected))
        }
    }
}
