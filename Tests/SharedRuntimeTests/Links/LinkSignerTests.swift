import Shared
import SharedRuntime
import Testing

@Suite("Signed links")
struct LinkSignerTests {
    private let links = LinkSigner(key: Array("a key only tests use, 32 bytes..".utf8))
    private let now = Timestamp(rfc3339: "2026-03-01T09:00:00Z") ?? .epoch

    @Test("a token reads as what was signed, for its purpose and by its key")
    func reading() {
        let token = links.token("unsubscribe", ["m": "msg_1"])
        #expect(links.read(token, "unsubscribe", now: now) == .valid(["m": "msg_1"]))
        #expect(links.read(token, "click", now: now) == .forged)
        #expect(LinkSigner(key: Array("another key, also thirty-two b.".utf8)).read(token, "unsubscribe", now: now) == .forged)
    }

    @Test("a changed token is forged, wherever it was changed")
    func forged() {
        let token = links.token("click", ["u": "https://shop.example/"])
        for index in token.indices where token[index] != "." {
            var other = token
            other.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
            #expect(links.read(other, "click", now: now) == .forged, "\(other)")
        }
        for other in ["", ".", "a.b", token + ".x", token + "A", String(token.dropLast()), String(repeating: "A", count: 20_000)] {
            #expect(links.read(other, "click", now: now) == .forged)
        }
    }

    @Test("past its time a token is expired, and says what it was")
    func expired() {
        let token = links.token("survey", ["i": "inv_1"], expires: now)
        #expect(links.read(token, "survey", now: now.adding(seconds: -1)) == .valid(["i": "inv_1"]))
        #expect(links.read(token, "survey", now: now) == .expired(["i": "inv_1"]))
    }
}
