import HTTPTypes
import Hummingbird
import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("Who is calling") struct PrincipalTests {
    private let signer = PrincipalSigner(key: Array("a key only tests use, 32 bytes..".utf8))
    private let principal = Principal(kind: .publishable, keyID: "key_1", scopes: ["loyalty:read"], customerID: "ş 1/2")

    @Test("a signed principal comes back as it was, the second time too")
    func roundTrip() {
        let header = signer.header(for: principal)
        for _ in 0...1 { #expect(signer.verify(header) == principal) }
        #expect(signer.header(for: principal) == header)
        #expect(PrincipalSigner(key: Array("a key only tests use, 32 bytes..".utf8)).verify(header) == principal)
    }

    @Test("one altered in any character, cut, or signed with another key is nobody")
    func forged() {
        let header = signer.header(for: principal)
        let bytes = Array(header.utf8)
        for index in bytes.indices {
            var altered = bytes
            altered[index] = altered[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(signer.verify(String(decoding: altered, as: UTF8.self)) == nil, "byte \(index)")
        }
        for count in 0..<bytes.count { #expect(signer.verify(String(decoding: bytes.prefix(count), as: UTF8.self)) == nil) }
        #expect(PrincipalSigner(key: Array("another key, as long as it is....".utf8)).verify(header) == nil)
        for wrong in ["", "v1", "v1..", "..", "v1.e30.", header + ".x", header + "A", "v2" + header.dropFirst(2), "Bearer " + header] {
            #expect(signer.verify(wrong) == nil, "\(wrong)")
        }
    }

    @Test("well signed, but expired or of a kind there is not, is nobody")
    func expired() {
        let now = VefaClock.machineNow.milliseconds
        func payload(kind: String = "secret", expires: JSON) -> JSON {
            ["k": .string(kind), "i": "key", "s": ["*"], "c": nil, "e": expires]
        }
        #expect(signer.verify(signer.sign(payload(expires: .int(now + 60_000)))) != nil)
        #expect(signer.verify(signer.sign(payload(expires: .int(now - 1)))) == nil)
        #expect(signer.verify(signer.sign(payload(expires: "never"))) == nil)
        #expect(signer.verify(signer.sign(payload(kind: "king", expires: .int(now + 60_000)))) == nil)
        #expect(signer.verify(signer.sign([])) == nil)
    }

    @Test("one that was good is refused once it has expired, remembered or not")
    func expiresInCache() async throws {
        let header = signer.sign(["k": "secret", "i": "key", "s": [], "c": nil, "e": .int(VefaClock.machineNow.milliseconds + 150)])
        #expect(signer.verify(header) != nil)
        try await until("it is refused") { signer.verify(header) == nil }
    }

    @Test("scopes allow themselves, their family or everything")
    func scopes() {
        func may(_ scopes: [String], _ scope: String) -> Bool { Principal(kind: .secret, keyID: "k", scopes: scopes).may(scope) }
        #expect(may(["*"], "loyalty:write") && may(["loyalty:*"], "loyalty:write") && may(["loyalty:write"], "loyalty:write"))
        #expect(
            !may(["loyalty:read"], "loyalty:write") && !may([], "loyalty:read") && !may(["loyal:*"], "loyalty:read")
                && !may(["loyalty"], "loyalty:read"))
    }

    @Test("routes ask for a signed principal, and those between services for a service")
    func middleware() async throws {
        let definition = plain(.loyalty) { router, _ in
            router.get("/v1/me") { _, context in Reply(.ok, ["key": .string(try context.requirePrincipal().keyID)]) }
        }
        let test = try await TestHouse.start(definition)
        let kinds: [Principal.Kind?] = [nil, .secret, .publishable, .store, .service]
        func statuses(_ method: HTTPRequest.Method, _ path: String) async throws -> [Int] {
            var all: [Int] = []
            for kind in kinds {
                all.append(try await test.request(method, path, principal: kind.map { Principal(kind: $0, keyID: "k") }).status)
            }
            return all
        }
        #expect(try await statuses(.get, "/v1/me") == [401, 200, 200, 200, 200])
        #expect(try await statuses(.get, "/internal/v1/clock") == [401, 403, 403, 403, 200])
        #expect(try await statuses(.post, "/internal/v1/events") == [401, 403, 403, 403, 400])
        #expect(try await statuses(.get, "/internal/v1/positions/gateway") == [401, 403, 403, 403, 200])
        #expect(try await statuses(.get, "/v1/nowhere") == [401, 404, 404, 404, 404])
        #expect(try await statuses(.get, "/healthz") == [200, 200, 200, 200, 200])
        let unsigned = try await test.request(.get, "/v1/me", headers: [.principal: "v1.e30.AAAA"], principal: nil)
        #expect(unsigned.status == 401 && unsigned.code == "unsigned" && unsigned.headers[.wwwAuthenticate] == "Bearer")
        await test.stop()
    }

    @Test("a front door lets its public routes in unsigned, those between services never")
    func edge() async throws {
        let definition = ServiceDefinition(
            name: .gateway, migrations: [], routes: { router, _ in router.get("/v1/open") { _, _ in Reply(.ok, [:]) } }, edge: true)
        let test = try await TestHouse.start(definition)
        #expect(try await test.request(.get, "/v1/open", principal: nil).status == 200)
        #expect(try await test.request(.get, "/internal/v1/clock", principal: nil).status == 401)
        #expect(try await test.request(.get, "/internal/v1/clock").status == 403)
        #expect(try await test.request(.get, "/v1/nowhere", principal: nil).status == 404)
        await test.stop()
    }
}
