import Shared

/// How many days before points expire the member is told, farthest first.
public struct ExpiryNotices: Sendable, Hashable {
    public let days: [Int64]

    public static let usual = ExpiryNotices([30, 7])
    public static let daysRange: ClosedRange<Int64> = 1...365
    public static let most = 5

    public init(_ days: [Int64]) { self.days = Set(days).sorted(by: >) }

    /// Reads `notice_days` beside an expiry; nil where nothing is said, or something wrong, which is noted.
    init?(_ reader: FieldReader) {
        guard let said = reader.raw("notice_days"), said != .null else { return nil }
        guard let list = said.array else {
            reader.fail("notice_days", "wrong_type", "a list of days was expected")
            return nil
        }
        if list.count > Self.most { reader.fail("notice_days", "too_many", "at most \(Self.most)") }
        var isFine = list.count <= Self.most
        for (index, item) in list.prefix(Self.most).enumerated() where item.int.map({ !Self.daysRange.contains($0) }) ?? true {
            reader.issues.add(reader.pointer / "notice_days" / index, "out_of_range", "whole days, 1 to 365")
            isFine = false
        }
        if reader.object["kind"] == "none", !list.isEmpty {
            reader.fail("notice_days", "conflict", "points that never expire have no notice")
            isFine = false
        }
        guard isFine else { return nil }
        self.init(list.compactMap(\.int))
    }

    func added(to json: JSON, of policy: ExpiryPolicy) -> JSON {
        guard policy != .none, var object = json.object else { return json }
        object["notice_days"] = .array(days.map(JSON.int))
        return .object(object)
    }

    /// The moments at which somebody is told that points expire at `expiresAt`.
    public func moments(before expiresAt: Timestamp) -> [(days: Int64, at: Timestamp)] {
        days.map { (days: $0, at: expiresAt.adding(days: -$0)) }
    }
}

/// When the orders of somebody without an account earn.
public enum GuestOrders: String, Sendable, CaseIterable {
    /// At once, under the e-mail.
    case earn
    /// Once the e-mail's owner signs up; then as of the orders' own dates.
    case onSignUp = "on_sign_up"
}
