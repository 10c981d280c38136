import Hummingbird
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("Bodies that are too large", .serialized)
struct LargeBodyTests {
    private func withLive(_ body: @escaping @Sendable (GatewayHouse, Int) async throws -> Void) async throws {
        try await withGateway { gateway in
            try await withServer(gateway.test.application.buildRouter().buildResponder()) { port in try await body(gateway, port) }
        }
    }

    private static func head(_ length: String, path: String = "/v1/events", key: String = GatewayHouse.key) -> [UInt8] {
        Array(
            "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(key)\r\nContent-Type: application/json\r\n\(length)\r\n\r\n".utf8)
    }

    /// The first piece of the answer, and what comes after it: nothing (`[]`) once the connection is closed.
    private static func exchange(_ port: Int, _ head: [UInt8], _ pieces: [[UInt8]] = []) async throws -> (String, [UInt8]?) {
        try await blocking {
            let socket = try RawSocket(port: port)
            defer { socket.close() }
            socket.send(head)
            for piece in pieces { socket.send(piece) }
            let answer = String(decoding: socket.receive() ?? [], as: UTF8.self)
            return (answer, socket.receive())
        }
    }

    @Test(
        "what is announced as too large is refused before it is sent, and the connection ends",
        arguments: ["/v1/events", "/v1/connectors/shopify/webhooks"])
    func announced(path: String) async throws {
        try await withLive { gateway, port in
            let (answer, after) = try await Self.exchange(port, Self.head("Content-Length: 20000000", path: path) + Array("[{".utf8))
            #expect(answer.hasPrefix("HTTP/1.1 413"))
            #expect(answer.lowercased().contains("connection: close"))
            #expect(answer.contains("too_large"))
            // Nothing more is sent; the gateway does not wait for it for ever.
            #expect(after == [])
            let kept = try await gateway.journal()
            #expect(kept.isEmpty)
        }
    }

    @Test("what turns out too large is refused while the client still sends")
    func streamed() async throws {
        try await withLive { _, port in
            // Ten mebibytes are taken, and not one chunk more before the answer is there.
            let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: 0x20, count: 65_536) + Array("\r\n".utf8)
            let (answer, after) = try await Self.exchange(port, Self.head("Transfer-Encoding: chunked"), (0..<161).map { _ in chunk })
            #expect(answer.hasPrefix("HTTP/1.1 413"))
            #expect(after == [])
        }
    }

    @Test("a body that ends early is no body", arguments: ["application/json", "application/x-ndjson"])
    func cutOff(type: String) async throws {
        try await withLive { gateway, port in
            let head =
                "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(GatewayHouse.key)\r\nContent-Type: \(type)\r\nContent-Length: 5000\r\n\r\n"
            try await blocking {
                let socket = try RawSocket(port: port)
                socket.send(Array(head.utf8) + event("cut").bytes.dropLast(2))
                socket.close()
            }
            let (after, _) = try await Self.exchange(port, Array("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8))
            #expect(after.hasPrefix("HTTP/1.1 200"))
            let kept = try await gateway.journal()
            #expect(kept.isEmpty)
        }
    }

    @Test("an unknown key is refused without reading what it sends")
    func unknownKey() async throws {
        try await withLive { _, port in
            let (answer, after) = try await Self.exchange(port, Self.head("Content-Length: 9000000", key: "sk_wrong"))
            #expect(answer.hasPrefix("HTTP/1.1 401"))
            #expect(after == [])
        }
    }
}
