import Shared

/// The loyalty programme's settings. One version is in force at a time; what was posted under an earlier one stays as it was.
public struct Programme: Sendable, Equatable {
    public var name: String
    /// The currency figures are reckoned in by default; nil until the first order or a merchant sets it. It never decides whether an order earns.
    public var currency: Currency?
    /// IANA name; calendar rules (expiry, caps) follow it.
    public var timezone: String
    /// Days from the order's placing until its points can be spent.
    public var pendingDays: Int64
    public var expiry: ExpiryPolicy
    public var clawback: ClawbackPolicy
    /// Days in which a customer may send goods back; kept for the rules that wait for it.
    public var returnWindowDays: Int64
    /// From when an order's points can be spent; nil: `pendingDays` after its placing.
    public var activation: Activation?
    /// So many days before points expire the member is told.
    public var notices: ExpiryNotices
    /// When a guest's orders earn.
    public var guestOrders: GuestOrders

    // Refunds of orders that points were spent on.

    /// How many of the spent points come back with the money.
    public var spentRefund: SpentRefund
    /// Days that points come back for whose own lot has run out, or does so before.
    public var spentRefundGraceDays: Int64
    /// Whether all rules that match add up, or only the first of a trigger counts.
    public var ruleMatching: RuleMatching = .sum

    public enum RuleMatching: String, Sendable, CaseIterable {
        case sum
        case firstMatch = "first_match"
    }
    /// How many days ahead of a subscription's renewal its customer is told.
    public var renewalNoticeDays: [Int64]
    /// How discounts that do not go together are chosen.
    public var stacking: StackingPolicy

    public static let fresh = Programme(
        name: "Loyalty", currency: nil, timezone: "UTC", pendingDays: 0, expiry: .none, clawback: .withinBalance, returnWindowDays: 14)

    public static let daysRange: ClosedRange<Int64> = 0...3_650

    public init(
        name: String, currency: Currency?, timezone: String, pendingDays: Int64, expiry: ExpiryPolicy, clawback: ClawbackPolicy,
        returnWindowDays: Int64, activation: Activation? = nil, notices: ExpiryNotices = .usual, guestOrders: GuestOrders = .earn,
        spentRefund: SpentRefund = .proportional, spentRefundGraceDays: Int64 = 30, renewalNoticeDays: [Int64] = [7],
        stacking: StackingPolicy = StackingPolicy()
    ) {
        self.name = name
        self.currency = currency
        self.timezone = timezone
        self.pendingDays = pendingDays
        self.expiry = expiry
        self.clawback = clawback
        self.returnWindowDays = returnWindowDays
        self.activation = activation
        self.notices = notices
        self.guestOrders = guestOrders
        self.spentRefund = spentRefund
        self.spentRefundGraceDays = spentRefundGraceDays
        self.renewalNoticeDays = renewalNoticeDays
        self.stacking = stacking
    }

    /// The rule of activation that counts where an earning rule has none of its own.
    public var generalActivation: Activation { activation ?? Activation(on: .placed, days: pendingDays) }

    /// This programme with what a PUT says changed; what it leaves out stays. `isZone` says whether a time zone exists. What is wrong is noted.
    public func changed(by reader: FieldReader, isZone: (String) -> Bool) -> Programme {
        var result = self
        if let name = reader.string("name", max: 255, allowEmpty: false) { result.name = name }
        if let currency = reader.currency("currency") {
            result.currency = currency
        } else if reader.has("currency"), reader.object["currency"] == .null {
            result.currency = nil
        }
        if let timezone = reader.string("timezone", max: 64) {
            if isZone(timezone) {
                result.timezone = timezone
            } else {
                reader.fail("timezone", "unknown_timezone", "an IANA name was expected, such as Europe/Istanbul")
            }
        }
        if let days = reader.int("pending_days", in: Self.daysRange) { result.pendingDays = days }
        if let days = reader.int("return_window_days", in: Self.daysRange) { result.returnWindowDays = days }
        if let said = reader.reader("expiry") {
            // What notices there are belongs to the programme alone: a rule's own expiry has none.
            let notices = ExpiryNotices(said)
            if let expiry = ExpiryPolicy(said) { result.expiry = expiry }
            if let notices { result.notices = notices }
        }
        if let activation = reader.reader("activation") {
            if let activation = Activation(activation) { result.activation = activation }
        } else if reader.has("activation"), reader.object["activation"] == .null {
            result.activation = nil
        }
        if let guestOrders = reader.choice("guest_orders", GuestOrders.self) { result.guestOrders = guestOrders }
        if let matching = reader.choice("rule_matching", RuleMatching.self) { result.ruleMatching = matching }
        if let days = Self.noticeDays("renewal_notice_days", reader) { result.renewalNoticeDays = days }
        result.clawback = ClawbackPolicy.changed(clawback, by: reader)
        if let policy = reader.choice("spent_refund", SpentRefund.self) { result.spentRefund = policy }
        if let days = reader.int("spent_refund_grace_days", in: Self.daysRange) { result.spentRefundGraceDays = days }
        if let rules = reader.reader("stacking") { result.stacking = stacking.changed(by: rules) }
        reader.ignore("version", "updated_at")
        reader.refuseUnknown()
        return result
    }

    /// A list of days ahead, the longest first; nil where none is said.
    private static func noticeDays(_ name: String, _ reader: FieldReader) -> [Int64]? {
        guard let value = reader.raw(name) else { return nil }
        guard let items = value.array else {
            reader.fail(name, "wrong_type", "a list of days was expected")
            return nil
        }
        let days = items.compactMap(\.int)
        guard items.count <= 5, days.count == items.count, days.allSatisfy({ (1...365).contains($0) }), Set(days).count == days.count else {
            reader.fail(name, "out_of_range", "at most five different numbers of days, each from 1 to 365")
            return nil
        }
        return days.sorted(by: >)
    }

    public var json: JSONObject {
        JSONObject([
            .init(name: "name", value: .string(name)),
            .init(name: "currency", value: .from(currency?.code)),
            .init(name: "timezone", value: .string(timezone)),
            .init(name: "pending_days", value: .int(pendingDays)),
            .init(name: "activation", value: activation?.json ?? .null),
            .init(name: "expiry", value: notices.added(to: expiry.json, of: expiry)),
            .init(name: "clawback", value: .string(clawback.name)),
            .init(name: "clawback_floor", value: .from(clawback.floor)),
            .init(name: "return_window_days", value: .int(returnWindowDays)),
            .init(name: "guest_orders", value: .string(guestOrders.rawValue)),
            .init(name: "spent_refund", value: .string(spentRefund.rawValue)),
            .init(name: "spent_refund_grace_days", value: .int(spentRefundGraceDays)),
            .init(name: "rule_matching", value: .string(ruleMatching.rawValue)),
            .init(name: "renewal_notice_days", value: .array(renewalNoticeDays.map(JSON.int))),
            .init(name: "stacking", value: stacking.json),
        ])
    }
}
