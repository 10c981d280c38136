import Shared

/// Whether a customer wants to hear of a topic. `pending` = asked, not yet confirmed.
public enum ConsentState: String, Sendable, CaseIterable {
    case granted, denied, pending
}

/// One topic's consent as it stands, with where it came from and in which words it was asked.
public struct Consent: Sendable, Equatable {
    public static let newsletter = "newsletter"
    /// Being counted when opening mails and following their links; `denied` has them left as they are.
    public static let tracking = "tracking"
    /// The source of what a mail's unsubscribe link said.
    public static let unsubscribeLink = "unsubscribe_link"
    /// The source of consent that a store's `accepts_marketing` gave.
    public static let storeSource = "store"
    public static let maximumTopicLength = 64

    public var topic: String
    public var state: ConsentState
    public var source: String?
    public var text: String?
    public var at: Timestamp

    public init(topic: String, state: ConsentState, source: String? = nil, text: String? = nil, at: Timestamp) {
        self.topic = topic
        self.state = state
        self.source = source
        self.text = text
        self.at = at
    }

    /// Topic names are 1 to 64 of `a`…`z`, `0`…`9`, `_` and `-`.
    public static func isTopic(_ name: String) -> Bool {
        (1...maximumTopicLength).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D }
    }
}

extension Consent {
    /// What a store's `accepts_marketing` changes. It grants the newsletter where nothing was said yet, and from then on moves only what
    /// the store itself said: a customer's own word (form, preference page, unsubscribe link) is never overruled, and a box left empty is
    /// no refusal. Nil: nothing changes.
    public static func fromStore(acceptsMarketing: Bool, at: Timestamp, current: Consent?) -> Consent? {
        let wanted = Consent(topic: newsletter, state: acceptsMarketing ? .granted : .denied, source: storeSource, at: at)
        guard let current else { return acceptsMarketing ? wanted : nil }
        guard current.source == storeSource, current.state != wanted.state, at >= current.at else { return nil }
        return wanted
    }

    /// Of two consents of one person, known as two until now: their own word over what a store said for them, then the later one, then the refusal.
    public static func merging(_ a: Consent, _ b: Consent) -> Consent {
        func rank(_ consent: Consent) -> (Int, Int64, Int) {
            (consent.isOwnWord ? 1 : 0, consent.at.milliseconds, consent.state == .denied ? 1 : 0)
        }
        return rank(a) >= rank(b) ? a : b
    }

    /// Whether the customer said it (form, preference page, unsubscribe link) and not the store for them.
    public var isOwnWord: Bool { source != Self.storeSource }

    /// What somebody said later holds; an event that arrives late changes nothing. Nil: nothing changes.
    public static func said(_ consent: Consent, current: Consent?) -> Consent? {
        guard let current else { return consent }
        return consent.at >= current.at && (consent.state, consent.source, consent.text) != (current.state, current.source, current.text)
            ? consent : nil
    }
}
