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
    /// How discounts that do not go together are chosen.
    public var stacking: StackingPolicy

    public static let fresh = Programme(
        name: "Loyalty", currency: nil, timezone: "UTC", pendingDays: 0, expiry: .none, clawback: .withinBalance, returnWindowDays: 14)

    public static let daysRange: ClosedRange<Int64> = 0...3_650

    public init(
        name: String, currency: Currency?, timezone: String, pendingDays: Int64, expiry: ExpiryPolicy, clawback: ClawbackPolicy,
        returnWindowDays: Int64, stacking: StackingPolicy = StackingPolicy()
    ) {
        self.name = name
        self.currency = currency
        self.timezone = timezone
        self.pendingDays = pendingDays
        self.expiry = expiry
        self.clawback = clawback
        self.returnWindowDays = returnWindowDays
        self.stacking = stacking
    }

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
        if let expiry = reader.reader("expiry").flatMap(ExpiryPolicy.init) { result.expiry = expiry }
        result.clawback = ClawbackPolicy.changed(clawback, by: reader)
        if let rules = reader.reader("stacking") { result.stacking = stacking.changed(by: rules) }
        reader.ignore("version", "updated_at")
        reader.refuseUnknown()
        return result
    }

    public var json: JSONObject {
        JSONObject([
            .init(name: "name", value: .string(name)),
            .init(name: "currency", value: .from(currency?.code)),
            .init(name: "timezone", value: .string(timezone)),
            .init(name: "pending_days", value: .int(pendingDays)),
            .init(name: "expiry", value: expiry.json),
            .init(name: "clawback", value: .string(clawback.name)),
            .init(name: "clawback_floor", value: .from(clawback.floor)),
            .init(name: "return_window_days", value: .int(returnWindowDays)),
            .init(name: "stacking", value: stacking.json),
        ])
    }
}
