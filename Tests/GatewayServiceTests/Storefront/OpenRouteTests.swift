import HTTPTypes
import Hummingbird
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("Links that anybody may follow", .serialized)
struct OpenRouteTests {
    @Test("they reach the service for a visitor, without a key and without what a caller made up; cookies pass both ways")
    func passedOn() async throws {
        try await StorefrontHouse.with { house in
            let answer = try await house.call(
                .get, "/probe/Ab-1?x=%20y",
                [.cookie: "a=1; c=3", .principal: "forged", .clientAddress: "203.0.113.9", .customerToken: "x.y.z", .acceptLanguage: "tr"],
                key: "pk_unknown")
            #expect(answer.status == 200)
            #expect(house.principal(answer)?.kind == .visitor)
            #expect(house.principal(answer)?.scopes == [])
            let headers = try #require(answer.json["headers"])
            #expect(answer.json["path"] == "/probe/Ab-1?x=%20y")
            #expect(headers["cookie"] == "a=1; c=3")
            #expect(headers["accept-language"] == "tr")
            #expect(headers["authorization"] == nil)
            #expect(headers["x-customer-token"] == nil)
            #expect(headers["x-vefa-client-address"] == nil, "never taken from outside")
            #expect(answer.headers[values: .setCookie] == ["a=1; Path=/", "b=2; HttpOnly"])
            #expect(answer.headers[.requestID] != nil)
        }
    }

    @Test("a redirect and a form go through as they are")
    func redirectAndForm() async throws {
        try await StorefrontHouse.with { house in
            let away = try await house.call(.get, "/probe/away", key: nil)
            #expect(away.status == 302)
            #expect(away.headers[.location] == "https://shop.example/?ref=1")
            #expect(away.headers[.setCookie] == "a=1; Path=/")
            let form = try await house.gateway.call(
                .post, "/probe/1", Array("q1=9&q2=Te%C5%9Fekk%C3%BCr+ederim".utf8), type: "application/x-www-form-urlencoded", key: nil)
            #expect(form.json["fields"] == ["q1=9", "q2=Teşekkür ederim"])
        }
    }

    @Test("HEAD reaches the service as HEAD and is answered without a body")
    func head() async throws {
        try await StorefrontHouse.with { house in
            let page = try await house.call(.head, "/probe/1", key: nil)
            #expect(page.status == 200)
            #expect(page.body.isEmpty)
            #expect(Int(page.headers[.contentLength] ?? "") ?? 0 > 10)
            let away = try await house.call(.head, "/probe/away", key: nil)
            #expect(away.status == 302)
            #expect(away.headers[.location] == "https://shop.example/?ref=1")
            // With a key too, through the same door.
            #expect(try await house.call(.head, "/v1/behind", key: nil).status == 401)
            #expect(try await house.call(.head, "/v1/behind", key: GatewayHouse.key).status == 200)
        }
    }

    @Test("somebody with a browser reads a page where a program reads a problem", arguments: ["tr-TR,tr;q=0.9,en;q=0.5", "de", ""])
    func problemPage(languages: String) async throws {
        try await withGateway(routes: Storefront.routes) { gateway in
            let house = StorefrontHouse(gateway: gateway, page: "")
            let page = try await house.call(
                .get, "/probe/1", [.accept: "text/html,application/xhtml+xml,*/*;q=0.8", .acceptLanguage: languages], key: nil)
            #expect(page.status == 503)
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(page.headers[.retryAfter] == "1")
            #expect(page.headers[.contentSecurityPolicy] != nil)
            #expect(page.text.contains(languages.hasPrefix("tr") ? "<html lang=\"tr\">" : "<html lang=\"en\">"))
            #expect(!page.text.contains("survey"), "nothing of how it is built")
            let problem = try await house.call(.get, "/probe/1", [.accept: "*/*"], key: nil)
            #expect(problem.status == 503)
            #expect(problem.headers[.contentType] == "application/problem+json")
            #expect(problem.code == "upstream_unavailable")
        }
    }

    @Test("an address has so many calls, and then hears when to come back; limits can be off")
    func limited() async throws {
        // Nobody is behind it, so that many calls take little time.
        try await withGateway(routes: Storefront.routes) { gateway in
            let house = StorefrontHouse(gateway: gateway, page: try await StorefrontHouse.key(gateway))
            var answer = try await house.call(.get, "/probe/1", key: nil)
            var calls = 1
            while answer.status == 503, calls < 5_000 {
                answer = try await house.call(.get, "/probe/1", [.accept: "text/html"], key: nil)
                calls += 1
            }
            #expect(answer.status == 429)
            #expect(answer.headers[.retryAfter] == "1")
            #expect(answer.headers[.contentType] == "text/html; charset=utf-8")
            #expect(calls > 200)
            #expect(try await house.call(key: house.page).status == 503, "a key's calls are counted by key")
        }
        try await withGateway(["VEFA_RATE_LIMIT": "off"], routes: Storefront.routes) { gateway in
            var statuses: Set<Int> = []
            for _ in 0..<300 { statuses.insert(try await gateway.call(.get, "/probe/1", key: nil).status) }
            #expect(statuses == [503])
        }
    }

    @Test("the service hears the caller's address from the connection, or from a proxy that is trusted")
    func address() async throws {
        let cases: [(environment: [String: String], expected: String)] = [
            ([:], "127.0.0.1"), (["VEFA_TRUSTED_PROXIES": "127.0.0.0/8, 10.1.0.0/16"], "203.0.113.7"),
            (["VEFA_TRUSTED_PROXIES": "192.0.2.1"], "127.0.0.1"),
        ]
        for (environment, expected) in cases {
            try await StorefrontHouse.with(environment) { house in
                let page = house.page
                try await withServer(house.gateway.test.application.buildRouter().buildResponder()) { port in
                    for request in ["GET /probe/1", "GET /v1/probe/1"] {
                        let text = """
                            \(request) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Vefa-Client-Address: 6.6.6.6\r\n\
                            Authorization: Bearer \(page)\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.7\r\nX-Forwarded-For: 10.1.2.3\r\n\r\n
                            """
                        let answer = try await blocking {
                            let socket = try RawSocket(port: port)
                            defer { socket.close() }
                            socket.send(Array(text.utf8))
                            var received: [UInt8] = []
                            while let bytes = socket.receive(), !bytes.isEmpty { received += bytes }
                            return String(decoding: received, as: UTF8.self)
                        }
                        #expect(answer.contains("\"x-vefa-client-address\":\"\(expected)\""), "\(answer)")
                        #expect(!answer.contains("6.6.6.6"))
                    }
                }
            }
        }
    }
}
