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
    /// How many days ahead of a subscription's renewal its customer is told.
    public var renewalNoticeDays: [Int64]

    public static let fresh = Programme(
        name: "Loyalty", currency: nil, timezone: "UTC", pendingDays: 0, expiry: .none, clawback: .withinBalance, returnWindowDays: 14)

    public static let daysRange: ClosedRange<Int64> = 0...3_650

    public init(
        name: String, currency: Currency?, timezone: String, pendingDays: Int64, expiry: ExpiryPolicy, clawback: ClawbackPolicy,
        returnWindowDays: Int64, renewalNoticeDays: [Int64] = [7]
    ) {
        self.name = name
        self.currency = currency
        self.timezone = timezone
        self.pendingDays = pendingDays
        self.expiry = expiry
        self.clawback = clawback
        self.returnWindowDays = returnWindowDays
        self.renewalNoticeDays = renewalNoticeDays
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
        if let days = Self.noticeDays("renewal_notice_days", reader) { result.renewalNoticeDays = days }
        if let expiry = reader.reader("expiry").flatMap(ExpiryPolicy.init) { result.expiry = expiry }
        result.clawback = ClawbackPolicy.changed(clawback, by: reader)
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
            .init(name: "expiry", value: expiry.json),
            .init(name: "clawback", value: .string(clawback.name)),
            .init(name: "clawback_floor", value: .from(clawback.floor)),
            .init(name: "return_window_days", value: .int(returnWindowDays)),
            .init(name: "renewal_notice_days", value: .array(renewalNoticeDays.map(JSON.int))),
        ])
    }
}
