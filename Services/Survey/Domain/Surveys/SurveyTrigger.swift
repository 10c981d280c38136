import Shared

/// When a survey is put before somebody.
public enum SurveyTrigger: Sendable, Hashable {
    /// In a storefront page, at one of its moments.
    case onSite(OnSite)
    /// Only by its own link.
    case link
    /// By mail, so many days after an event; `order.delivered` today.
    case event(String, afterDays: Int64)

    public struct OnSite: Sendable, Hashable {
        public enum Moment: String, Sendable, CaseIterable {
            case page, delay, scroll, exit
            case afterOrder = "after_order"
        }

        public var moment: Moment
        /// Paths (`/thanks`), or their beginnings (`/products/*`); none: every page.
        public var pages: [String]
        /// `delay`: seconds on the page.
        public var seconds: Int64?
        /// `scroll`: how far down the page.
        public var percent: Int64?
    }

    /// What a survey without a trigger has: any page, at once.
    public static let anyPage = SurveyTrigger.onSite(OnSite(moment: .page, pages: []))
    public static let deliveredEvent = "order.delivered"
    public static let maximumPages = 100

    private enum Kind: String, Sendable, CaseIterable {
        case page, delay, scroll, exit, link, event
        case afterOrder = "after_order"
    }

    static func read(_ reader: FieldReader) -> SurveyTrigger? {
        defer { reader.refuseUnknown() }
        let kind = reader.choice("kind", Kind.self)
        if kind == .event || kind == nil && reader.object["event"] != nil { return readEvent(reader) }
        guard let kind = kind ?? (reader.object["kind"] == nil ? .page : nil) else { return nil }
        if kind == .link { return .link }
        var site = OnSite(
            moment: OnSite.Moment(rawValue: kind.rawValue) ?? .page, pages: reader.strings("pages", maxCount: maximumPages) ?? [])
        for (index, page) in site.pages.enumerated() where !page.hasPrefix("/") && page != "*" {
            reader.issues.add(reader.pointer / "pages" / index, "invalid", "a path begins with /")
        }
        if kind == .delay { site.seconds = reader.require("seconds", reader.int("seconds", in: 0...3_600)) }
        if kind == .scroll { site.percent = reader.require("percent", reader.int("percent", in: 1...100)) }
        return .onSite(site)
    }

    private static func readEvent(_ reader: FieldReader) -> SurveyTrigger? {
        let event = reader.requiredString("event", max: CloudEvent.maximumTextLength)
        let days = reader.int("after_days", in: 0...365) ?? 0
        guard let event else { return nil }
        guard event == deliveredEvent else {
            reader.fail("event", "not_supported_yet", "only \(deliveredEvent) invites today")
            return nil
        }
        return .event(event, afterDays: days)
    }

    public var json: JSON {
        switch self {
        case .link: return ["kind": "link"]
        case .event(let event, let days): return ["kind": "event", "event": .string(event), "after_days": .int(days)]
        case .onSite(let site):
            var object = JSONObject([
                .init(name: "kind", value: .string(site.moment.rawValue)), .init(name: "pages", value: .from(site.pages)),
            ])
            object["seconds"] = site.seconds.map(JSON.int)
            object["percent"] = site.percent.map(JSON.int)
            return .object(object)
        }
    }
}

extension SurveyTrigger.OnSite {
    /// Whether it fits a page (a path or an address; nil: not said) and a moment (nil: the page itself waits for it).
    public func fits(page: String?, moment: Moment?) -> Bool {
        if let moment, moment != self.moment { return false }
        guard !pages.isEmpty else { return true }
        guard let path = page.map(Self.path) else { return false }
        return pages.contains { pattern in pattern.hasSuffix("*") ? path.hasPrefix(pattern.dropLast()) : path == pattern }
    }

    /// `https://shop.example/thanks?x=1#top` and `/thanks?x=1` are `/thanks`.
    private static func path(_ page: String) -> String {
        var rest = page[...]
        if let scheme = rest.firstRange(of: "://") {
            rest = rest[scheme.upperBound...]
            rest = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        return String(rest.prefix { $0 != "?" && $0 != "#" })
    }
}
