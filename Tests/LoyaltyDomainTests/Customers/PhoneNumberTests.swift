import LoyaltyDomain
import Testing

@Suite("Telephone numbers")
struct PhoneNumberTests {
    @Test(
        "numbers of one line are one however they are written",
        arguments: [
            ("+90 (532) 123-45 67", "0532 123 45 67"), ("00905321234567", "+905321234567"), ("905321234567", "05321234567"),
            ("+1 (415) 555-2671", "415-555-2671"), ("+44 20 7946 0958", "020 7946 0958"), ("+354 555 1234", "555 1234"),
            ("+٩٠٥٣٢١٢٣٤٥٦٧", "+905321234567"), ("+905321234567", "90 532 123 45 67"),
        ])
    func same(_ a: String, _ b: String) throws {
        let left = try #require(PhoneNumber(a))
        let right = try #require(PhoneNumber(b))
        #expect(left.matches(right) && right.matches(left))
        #expect(left.key == right.key)
    }

    @Test(
        "others are not",
        arguments: [
            ("+905321234567", "+15321234567"), ("+905321234567", "05321234568"), ("1234567", "+905321234567"), ("12345", "+90532012345"),
        ])
    func other(_ a: String, _ b: String) throws {
        let left = try #require(PhoneNumber(a))
        let right = try #require(PhoneNumber(b))
        #expect(!left.matches(right) && !right.matches(left))
    }

    @Test("a text without digits is none", arguments: ["", "abc", "+", "000", "☎"])
    func none(_ text: String) {
        #expect(PhoneNumber(text) == nil)
    }
}
