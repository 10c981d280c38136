import Foundation
import Shared
import Testing

@Suite("Base64URL") struct Base64URLTests {
    @Test("goes there and back, and is Foundation's base64 without padding")
    func roundTrip() {
        var random = Seeded()
        for _ in 0..<3_000 {
            let bytes = random.bytes(random.int(0...60))
            let text = Base64URL.encode(bytes)
            let plain = Data(bytes).base64EncodedString()
            #expect(text == plain.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: ""), "\(random)")
            #expect(Base64URL.decode(text) == bytes, "\(random)")
            #expect(Base64URL.decode(plain) == bytes, "\(random)")
        }
    }

    @Test("refuses what is none", arguments: ["A", "AAAAA", "AA AA", "AA\n", "A=AA", "=AA", "AA===", "ğ", "AA.A", "AAA\u{0}", "QUI=QUI="])
    func refuses(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("one value has one text: unused bits are zero")
    func canonical() {
        #expect(Base64URL.decode("QQ") == [0x41])
        for text in ["QR", "QS", "Qf", "QUJ", "QUL"] { #expect(Base64URL.decode(text) == nil, "\(text)") }
        #expect(Base64URL.decode("") == [])
    }

    @Test("garbage never traps")
    func garbage() {
        var random = Seeded()
        for _ in 0..<10_000 { _ = Base64URL.decode(random.text(random.int(0...12))) }
    }
}
