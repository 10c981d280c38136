import Shared
import Testing

@Suite("E-mail keys") struct EmailKeyTests {
    @Test(
        "trims and lower-cases, nothing cleverer",
        arguments: [
            ("Ayse@Example.COM", "ayse@example.com"), ("  a@b.c\t\n", "a@b.c"), (" \u{A0}a@b.c\r\n", "\u{A0}a@b.c"), (" çağ@x.ç \u{B}", "çağ@x.ç"), ("a+b.c@d", "a+b.c@d"),
            ("IŞIK@x.com", "işik@x.com"), ("ÇAĞLA@Örnek.com", "çağla@örnek.com"), ("a b@c", "a b@c"),
        ])
    func makes(email: String, key: String) {
        #expect(EmailKey.make(email) == key)
        #expect(EmailKey.make(key) == key)
    }

    @Test("what has no @ is no key", arguments: [nil, "", "  ", "ayse", "ayse.example.com"])
    func none(email: String?) {
        #expect(EmailKey.make(email) == nil)
    }

    @Test("a key is its own key, whatever it was made of")
    func stable() {
        var random = Seeded()
        for _ in 0..<3_000 {
            guard let key = EmailKey.make(random.text(random.int(0...8)) + "@" + random.text(random.int(0...8))) else { continue }
            #expect(EmailKey.make(key).map { Array($0.utf8) } == Array(key.utf8), "\(random)")
        }
    }
}
