import HTTPTypes
import Hummingbird
import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("Names in paths") struct PathParameterTests {
    private static let definition = plain(.loyalty) { router, house in
        router.get("/v1/things/:id") { _, context in
            Reply(.ok, ["decoded": .string(try context.parameter("id")), "raw": .string(try context.parameters.require("id"))])
        }
        router.get("/v1/things/:id/parts/:part") { _, context in
            Reply(.ok, ["decoded": .string(try context.parameter("id") + "|" + context.parameter("part"))])
        }
        router.post("/v1/things/:id") { request, context in
            try await house.command(request, context) { input, _ in Reply(.ok, ["decoded": .string(try input.parameter("id"))]) }
        }
    }

    static let cases: [(String, String)] = [
        ("plain-1", "plain-1"), ("a%20b", "a b"), ("a%2Fb", "a/b"), ("a%2fb", "a/b"),
        ("gid%3A%2F%2Fshopify%2FCustomer%2F7", "gid://shopify/Customer/7"),
        ("ayse%40example.com", "ayse@example.com"), ("ayse+1@example.com", "ayse+1@example.com"), ("%C5%9Feyma%20%C4%B0.", "şeyma İ."),
        // Once, and not twice.
        ("a%252Fb", "a%2Fb"), ("100%25", "100%"),
        // What is no escape stays as it is.
        ("%zz", "%zz"), ("%", "%"), ("%4", "%4"), ("%+1", "%+1"), ("%-0", "%-0"), ("%FF", "%FF"), ("a%3Fb%23c", "a?b#c"), ("..", ".."),
    ]

    @Test("are decoded exactly once, in commands and in reads", arguments: cases)
    func decoded(text: String, id: String) async throws {
        let test = try await TestHouse.start(Self.definition)
        let read = try await test.get("/v1/things/\(text)")
        #expect(read.json["decoded"] == .string(id))
        // Hummingbird hands them over as they stood in the URL.
        #expect(read.json["raw"] == .string(text))
        #expect(try await test.post("/v1/things/\(text)").json["decoded"] == .string(id))
        #expect(try await test.get("/v1/things/\(text)/parts/\(text)").json["decoded"] == .string("\(id)|\(id)"))
        await test.stop()
    }

    @Test("a NUL names nothing")
    func nul() async throws {
        let test = try await TestHouse.start(Self.definition)
        #expect(try await test.get("/v1/things/a%00b").status == 404)
        #expect(try await test.post("/v1/things/a%00b").status == 404)
        await test.stop()
    }

    @Test("a socket changes nothing about it")
    func socket() async throws {
        try await withFolder { folder in
            let running = try await RunningHouse.start(Self.definition, folder: folder)
            let signed = running.house.services.principalHeader(for: Principal(kind: .secret, keyID: "k"))
            for (text, id) in Self.cases {
                let client = try RawClient(port: running.port)
                #expect(await client.send("GET /v1/things/\(text) HTTP/1.1\r\nHost: test\r\nX-Vefa-Principal: \(signed)\r\n\r\n"))
                let answer = await client.read { $0.hasSuffix("}") }
                let body = answer.text.components(separatedBy: "\r\n\r\n").last ?? ""
                #expect(try JSONParser.parse(body)["decoded"] == .string(id), "\(text)")
            }
            try await running.stop()
        }
    }

    @Test(
        "escapes that make no UTF-8 leave the whole as it was",
        arguments: [("%C3%28", "%C3%28"), ("%C3", "%C3"), ("a%80b%20", "a%80b%20"), ("%F0%9F%98%80", "😀")])
    func escapes(text: String, decoded: String) {
        #expect(text.removingPercentEscapes == decoded)
    }
}
