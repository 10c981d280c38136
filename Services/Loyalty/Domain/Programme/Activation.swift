import Shared

/// From when the points of an order can be spent.
public struct Activation: Sendable, Hashable {
    public enum Start: String, Sendable, CaseIterable {
        /// So many days after the order was placed.
        case placed
        /// So many days after it was delivered, whenever that is; never, if it is not.
        case delivered = "order.delivered"
        /// Once the programme's return window is over, and so many days more: counted from the delivery where it is known, else from the placing.
        case returnWindow = "return_window"
    }

    public let on: Start
    public let days: Int64

    public init(on: Start, days: Int64) {
        self.on = on
        self.days = days
    }

    /// The moment of it; nil while nothing known says when.
    public func activeAt(placedAt: Timestamp, deliveredAt: Timestamp?, returnWindowDays: Int64) -> Timestamp? {
        switch on {
        case .placed: placedAt.adding(days: days)
        case .delivered: deliveredAt.map { max($0, placedAt).adding(days: days) }
        case .returnWindow: max(deliveredAt ?? placedAt, placedAt).adding(days: returnWindowDays).adding(days: days)
        }
    }

    /// Reads `{"on": "placed"|"order.delivered"|"return_window", "days"}`; what is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let on = reader.require("on", reader.choice("on", Start.self))
        let days = reader.int("days", in: Programme.daysRange)
        reader.refuseUnknown()
        guard let on else { return nil }
        self.init(on: on, days: days ?? 0)
    }

    public var json: JSON { ["on": .string(on.rawValue), "days": .int(days)] }
}

/// What a lot whose activation hangs on its order's delivery still has to know then, so that a later change of the programme leaves it alone.
public struct LotWait: Sendable, Hashable {
    public let activation: Activation
    public let returnWindowDays: Int64
    public let expiry: ExpiryPolicy

    public init(_ activation: Activation, returnWindowDays: Int64, expiry: ExpiryPolicy) {
        self.activation = activation
        self.returnWindowDays = returnWindowDays
        self.expiry = expiry
    }

    /// Nil for a text that ``json`` did not write.
    public init?(kept json: JSON) {
        let issues = FieldIssues()
        let reader = FieldReader(body: json, issues: issues, strict: false)
        guard let activation = reader.reader("activation").flatMap({ Activation($0) }),
            let expiry = reader.reader("expiry").flatMap({ ExpiryPolicy($0) }), let days = reader.int("return_window_days")
        else { return nil }
        self.init(activation, returnWindowDays: days, expiry: expiry)
    }

    public var json: JSON {
        ["activation": activation.json, "return_window_days": .int(returnWindowDays), "expiry": expiry.json]
    }
}
