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
        /// Without the name.
        let body: JSON

        func body(_ locale: Locale) -> JSON {
            var object = body.object ?? JSONObject()
            object["name"] = .string(name.text(locale))
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
