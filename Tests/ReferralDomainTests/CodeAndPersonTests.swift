import ReferralDomain
import Shared
import Testing

@Suite("Referral codes")
struct ReferralCodeTests {
    @Test(
        "a code is read as people type it, Turkish letters included",
        arguments: [
            ("ada10", "ADA10"), ("  Ada-10\t", "ADA-10"), ("İPEK", "IPEK"), ("ıpek", "IPEK"), ("ipek", "IPEK"), ("I\u{307}PEK", "IPEK"),
            ("i\u{307}pek", "IPEK"), ("a_b", "A_B"),
        ])
    func folds(_ typed: String, _ code: String) { #expect(ReferralCode(typed)?.text == code) }

    @Test(
        "what only looks like a code names nothing",
        arguments: [
            "", "   ", "АDА10", "ADA 10", "ADA\u{200B}10", "ΑDA", "ÁDA", "a\u{301}da", "ADA10\u{0}", "ADA/10", "ada+10", "ａｄａ", "🅰️DA", "ß",
            "ﬁ", "ſ", "\u{212A}", "ada\u{FE0F}", String(repeating: "A", count: 65), "%41DA", "<b>",
        ])
    func refuses(_ typed: String) { #expect(ReferralCode(typed) == nil) }

    @Test("no scalar outside ASCII but İ and ı ever becomes part of a code")
    func homographs() {
        for value in UInt32(0x80)...0x1_FFFF {
            guard let scalar = Unicode.Scalar(value), scalar != "İ", scalar != "ı" else { continue }
            #expect(ReferralCode("A\(Character(scalar))") == nil, "U+\(String(value, radix: 16))")
        }
    }

    @Test("a generated code has eight letters and digits without look-alikes, and reads back as itself")
    func generated() {
        var chance = Chance(seed: 7)
        var seen: Set<String> = []
        for _ in 0..<2_000 {
            let code = ReferralCode.generate(using: &chance)
            #expect(code.text.utf8.count == 8 && code.text.allSatisfy { "ABCDEFGHJKMNPQRSTUVWXYZ23456789".contains($0) })
            #expect(ReferralCode(code.text.lowercased()) == code && code.isVanity)
            seen.insert(code.text)
        }
        #expect(seen.count == 2_000)
    }

    @Test("a chosen code has 3 to 32 characters, a letter or digit at both ends")
    func vanity() {
        for good in ["ADA", "ADA-10", "1_2", String(repeating: "A", count: 32)] { #expect(ReferralCode(good)?.isVanity == true) }
        for bad in ["AD", "-ADA", "ADA_", "---", String(repeating: "A", count: 33)] { #expect(ReferralCode(bad)?.isVanity == false) }
    }
}

@Suite("One mailbox, however it is written")
struct PersonKeyTests {
    @Test(
        "addresses of one mailbox are one person",
        arguments: [
            ("Ayse@Example.com ", "ayse@example.com"), ("a.y.s.e@gmail.com", "ayse@gmail.com"),
            ("Ayse+shop@GMAIL.com", "ay.se@googlemail.com"),
            ("b+1@outlook.com", "b@outlook.com"), ("b+1@hotmail.co.uk", "b@hotmail.co.uk"), ("b+x@live.com.tr", "b@live.com.tr"),
            ("c+1@me.com", "c@icloud.com"), ("c+1@mac.com", "c@icloud.com"), ("d+1@fastmail.com", "d@fastmail.com"),
            ("e+1@protonmail.com", "e@proton.me"), ("e@pm.me", "e@proton.me"), ("f-shop@yahoo.com", "f@yahoo.com"),
            ("f-shop@yahoo.co.uk", "f@yahoo.co.uk"), ("g@example.com.", "g@example.com"),
        ])
    func same(_ a: String, _ b: String) {
        #expect(PersonKey(a) != nil)
        #expect(PersonKey(a) == PersonKey(b))
    }

    @Test(
        "addresses of two mailboxes are two persons",
        arguments: [
            ("a.b@example.com", "ab@example.com"), ("a+1@example.com", "a@example.com"), ("a.b@outlook.com", "ab@outlook.com"),
            ("a-b@gmail.com", "a@gmail.com"), ("a+b@yahoo.com", "a@yahoo.com"), ("a@hotmail.com", "a@outlook.com"),
            ("a+1@live.evil.example", "a@live.evil.example"), ("a+1@notgmail.com", "a@notgmail.com"),
        ])
    func different(_ a: String, _ b: String) { #expect(PersonKey(a) != PersonKey(b)) }

    @Test("an address of nothing but a tag stays what it is", arguments: ["+x@gmail.com", "...@gmail.com", "-x@yahoo.com"])
    func bare(_ address: String) { #expect(PersonKey(address)?.text == address) }

    @Test("normalising is done at once: a key is its own key")
    func idempotent() {
        var chance = Chance(seed: 11)
        let hosts = ["gmail.com", "googlemail.com", "outlook.com", "me.com", "pm.me", "yahoo.com", "example.com"]
        for _ in 0..<2_000 {
            let local = String((0..<chance.int(1...8)).map { _ in "ab.+-".randomElement(using: &chance) ?? "a" })
            let key = PersonKey("\(local)@\(hosts.randomElement(using: &chance) ?? "")")
            #expect(key == nil || PersonKey(key?.text) == key, "\(local)")
        }
    }

    @Test(
        "only plain addresses may claim",
        arguments: [
            ("a@example.com", true), ("a+b@example.com.tr", true), ("", false), ("a", false), ("a@", false), ("@example.com", false),
            ("a@b", false),
            ("a@@example.com", false), ("a b@example.com", false), ("a@exa mple.com", false), ("аyse@example.com", false),
            ("a@exämple.com", false),
            ("a@example..com", false), ("<a>@example.com", false), ("a\r\nBcc: x@example.com", false), (".a@example.com", false),
            (String(repeating: "a", count: 65) + "@example.com", false), ("a@" + String(repeating: "b.", count: 130) + "com", false),
        ])
    func claimable(_ address: String, _ expected: Bool) { #expect(PersonKey.isClaimable(address) == expected) }
}
