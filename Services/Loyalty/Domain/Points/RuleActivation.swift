import Shared

/// When a rule's points can be spent, where that is not the programme's rule.
public struct RuleActivation: Sendable, Hashable {
    public enum Start: String, Sendable, CaseIterable {
        /// The order's placing, or the event.
        case placed
        case delivered = "order.delivered"
        /// The end of the time in which goods can be sent back.
        case returnWindow = "return_window"
    }

    public let start: Start
    /// Days after it.
    public let days: Int64

    public init(start: Start, days: Int64) {
        self.start = start
        self.days = days
    }

    /// Reads `{"on", "days"?}`.
    public init?(_ reader: FieldReader) {
        let start = reader.require("on", reader.choice("on", Start.self))
        let days = reader.int("days", in: Programme.daysRange) ?? 0
        reader.refuseUnknown()
        guard let start else { return nil }
        self.init(start: start, days: days)
    }

    public var json: JSON { ["on": .string(start.rawValue), "days": .int(days)] }
}

extension LotDates {
    /// The dates of what a rule gave: the rule's own expiry and activation come before the programme's.
    public init(placedAt: Timestamp, now: Timestamp, rule: EarningRule, programme: Programme, zone: ZoneRules) {
        var programme = programme
        if let expiry = rule.expiry { programme.expiry = expiry }
        if let activation = rule.activation {
            // What waits for a delivery is held for as long as a return takes.
            programme.pendingDays =
                activation.start == .placed
                ? activation.days : min(programme.returnWindowDays + activation.days, Programme.daysRange.upperBound)
        }
        self.init(placedAt: placedAt, now: now, programme: programme, zone: zone)
    }
}
