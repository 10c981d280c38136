import LoyaltyDomain
import Shared

/// A programme that a merchant can start from: definitions as the API takes them, each with its name in both languages.
struct Preset: Sendable {
    struct Words: Sendable {
        let en: String
        let tr: String

        func text(_ locale: Locale) -> String { locale == .tr ? tr : en }
        var json: JSON { ["en": .string(en), "tr": .string(tr)] }
    }

    enum Locale: String, Sendable, CaseIterable { case en, tr }

    struct Item: Sendable {
        /// The definition's ``Definition/kind``.
        let kind: String
        let name: Words
        /// Without the name. Amounts of a reward or an offer are hundredths of the currency's main unit.
        let body: JSON

        /// As the API takes it, amounts in minor units of the programme's currency: 5.00 is 500 cents, and 5 yen. A rule's `scale` sees to that
        /// itself.
        func body(_ locale: Locale, _ currency: Currency?) -> JSON {
            var object = body.object ?? JSONObject()
            object["name"] = .string(name.text(locale))
            let unit = currency?.unit ?? 100
            for field in ["amount", "minimum_order"] {
                if let hundredths = object[field]?.int { object[field] = .int(max(1, hundredths * unit / 100)) }
            }
            return .object(object)
        }

        var json: JSON { ["kind": .string(kind), "name": name.json] }
    }

    let id: String
    let name: Words
    let description: Words
    /// In the order in which they are made.
    let items: [Item]

    static let all: [Preset] = [.cosmeticsShop]
}
