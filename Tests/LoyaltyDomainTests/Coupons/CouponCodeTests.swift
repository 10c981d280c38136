import LoyaltyDomain
import Shared
import Testing

@Suite("A coupon's code")
struct CouponCodeTests {
    @Test(
        "is read as people type it",
        arguments: [
            ("SPRING", "SPRING"), (" spring\t", "SPRING"), ("Spring-2_6", "SPRING-2_6"), ("İNDİRİM", "INDIRIM"), ("ındırım", "INDIRIM"),
            ("I\u{307}NDI\u{307}RI\u{307}M", "INDIRIM"), ("İNDİRİM".lowercased(), "INDIRIM"), ("x", "X"), ("-", "-"),
        ])
    func folded(_ text: String, _ code: String) {
        #expect(CouponCode(text)?.text == code)
    }

    @Test(
        "of other letters names nothing, however alike they look",
        arguments: [
            "", "   ", "\n", "SPRIN\u{421}", "\u{405}PRING", "ＳＰＲＩＮＧ", "SPRING\u{200B}", "SPR\u{200D}ING", "SPRING\u{301}", "ſpring",
            "\u{212A}ING",
            "S\u{307}", "I\u{307}\u{307}", "\u{307}I", "50%", "A B", "A/B", "☕️", "👩‍👩‍👧", "٣", "\u{0}", "A\u{0}", "ÇAY", "\u{202E}GNIRPS",
            String(repeating: "A", count: 65), String(repeating: "İ", count: 1_000),
        ])
    func refused(_ text: String) {
        #expect(CouponCode(text) == nil)
    }

    @Test("a pattern makes codes of its form, by chance and without look-alikes")
    func pattern() throws {
        let seed: UInt64 = 20_261_122
        var chance = Chance(seed: seed)
        let pattern = try #require(CouponPattern("spring-####-##x##"))
        #expect(pattern.text == "SPRING-####-##X##")
        #expect(pattern.capacity == 852_891_037_441)
        var codes: Set<String> = []
        for _ in 0..<2_000 {
            let code = try #require(pattern.code(using: &chance)).text
            #expect(code.hasPrefix("SPRING-") && code.utf8.count == 17, "seed \(seed)")
            let drawn = code.utf8.dropFirst(7).enumerated().filter { ![4, 7].contains($0.offset) }.map(\.element)
            #expect(drawn.allSatisfy(CouponPattern.alphabet.contains), "\(code), seed \(seed)")
            #expect(CouponCode(code)?.text == code)
            codes.insert(code)
        }
        #expect(codes.count == 2_000)
        #expect(Set(CouponPattern.alphabet).isDisjoint(with: Array("0O1IL".utf8)))
    }

    @Test("without a pattern it is one run, as long as the contract wants, and uses every character")
    func run() throws {
        var chance = Chance(seed: 7)
        let pattern = try #require(CouponPattern.run(after: nil))
        var seen: Set<UInt8> = []
        for _ in 0..<1_000 {
            let code = try #require(pattern.code(using: &chance)).text
            #expect(code.utf8.count >= 8)
            #expect(code.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
            seen.formUnion(code.utf8)
        }
        #expect(seen == Set(CouponPattern.alphabet))
        #expect(CouponPattern.run(after: CouponCode("VIP"))?.text == "VIP##########")
        #expect(CouponPattern.run(after: CouponCode(String(repeating: "A", count: 60))) == nil)
    }

    @Test("no pattern", arguments: ["", "SPRING", "SPRING ####", "####é", "#\u{200B}", String(repeating: "#", count: 65)])
    func noPattern(_ text: String) {
        #expect(CouponPattern(text) == nil)
    }

    @Test("a pattern's capacity never overflows")
    func capacity() {
        #expect(CouponPattern(String(repeating: "#", count: 64))?.capacity == FieldReader.maximumAmount)
        #expect(CouponPattern("#")?.capacity == 31)
    }
}
