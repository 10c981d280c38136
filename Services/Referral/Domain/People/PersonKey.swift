import Shared

/// One mailbox, however its address is written: what the fraud rules compare. (Identity goes by ``EmailKey``, which is never this clever.)
public struct PersonKey: Sendable, Hashable {
    public let text: String

    /// Nil where the text is no address at all.
    public init?(_ email: String?) {
        guard let key = EmailKey.make(email), let at = key.lastIndex(of: "@") else { return nil }
        var domain = String(key[key.index(after: at)...])
        while domain.hasSuffix(".") { domain.removeLast() }
        guard at != key.startIndex, !domain.isEmpty else { return nil }
        let home = MailHome(domain)
        text = home.mailbox(String(key[..<at])) + "@" + home.domain
    }

    /// Whether a claim may come with this address: plain ASCII, `local@domain.tld`, within RFC 5321's lengths. Look-alike letters are refused here.
    public static func isClaimable(_ email: String) -> Bool {
        guard let key = EmailKey.make(email), key.utf8.count <= 254, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        let parts = key.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let local = parts.first, let domain = parts.last, (1...64).contains(local.utf8.count) else { return false }
        guard local.utf8.allSatisfy({ !"<>()[]\\,;:\"".utf8.contains($0) }), local.first != ".", local.last != "." else { return false }
        return domain.contains(".") && WebAddress.isHost(String(domain))
    }
}

/// What the large providers deliver to the same mailbox.
private struct MailHome {
    /// The domain under one name.
    let domain: String
    private let ignoresDots: Bool
    private let separator: Character?

    init(_ domain: String) {
        var name = domain
        var dots = false
        var mark: Character?
        switch domain {
        case "gmail.com", "googlemail.com": (name, dots, mark) = ("gmail.com", true, "+")
        case "icloud.com", "me.com", "mac.com": (name, mark) = ("icloud.com", "+")
        case "proton.me", "protonmail.com", "protonmail.ch", "pm.me": (name, mark) = ("proton.me", "+")
        case "fastmail.com", "fastmail.fm", "msn.com": mark = "+"
        default:
            let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
            if let first = labels.first, Self.isPublicEnding(labels.dropFirst()) {
                if ["outlook", "hotmail", "live"].contains(first) { mark = "+" }
                if ["yahoo", "ymail", "rocketmail"].contains(first) { mark = "-" }
            }
        }
        self.domain = name
        ignoresDots = dots
        separator = mark
    }

    /// `com`, `fr`, `co.uk`, `com.tr`: the endings under which a provider has its own national domains.
    private static func isPublicEnding(_ labels: ArraySlice<Substring>) -> Bool {
        guard let last = labels.last, last == "com" || last.utf8.count == 2 else { return false }
        return labels.count == 1 || (labels.count == 2 && last.utf8.count == 2 && ["co", "com"].contains(labels.first))
    }

    func mailbox(_ local: String) -> String {
        var box = Substring(local)
        if let separator, let mark = box.firstIndex(of: separator) { box = box[..<mark] }
        let name = ignoresDots ? box.filter { $0 != "." } : String(box)
        return name.isEmpty ? local : name
    }
}
