import Shared

/// What is known of one order, gathered from every event about it. Amounts are minor units of `currency`, as the store said them;
/// ``OrderAmounts`` fills in what it did not say.
public struct Order: Sendable, Equatable {
    /// The order events. (`updated` of an unknown order counts as placed, and so does `paid`.)
    public enum Stage: Sendable { case placed, paid, updated, cancelled }

    public let id: String
    /// The customer whose order it is, a guest's `guest_…` id included; nil when no event named anyone.
    public var customerID: String?
    /// The buyer's e-mail as a key.
    public var emailKey: String?
    /// True while no event named a customer id.
    public var isGuest = true

    public private(set) var cartID: String?
    public private(set) var currency: Currency?
    public private(set) var subtotal: Int64?
    public private(set) var discountTotal: Int64?
    public private(set) var taxTotal: Int64?
    public private(set) var taxIncluded: Bool?
    public private(set) var shippingTotal: Int64?
    public private(set) var total: Int64?
    public private(set) var couponCodes: [String]?
    public private(set) var referralCode: String?
    public private(set) var channel: String?
    public private(set) var country: String?
    public private(set) var city: String?
    public private(set) var items: [OrderItem]?
    /// When the store says it was placed.
    public private(set) var saidPlacedAt: Timestamp?
    /// The earliest event about it.
    public private(set) var firstEventAt: Timestamp
    public private(set) var paidAt: Timestamp?
    public private(set) var cancelledAt: Timestamp?
    public private(set) var times: FieldTimes

    /// An order of which nothing is known yet but that an event at `time` speaks of it.
    public init(id: String, firstEventAt time: Timestamp) {
        self.id = id
        firstEventAt = time
        times = FieldTimes(base: time)
    }

    public var placedAt: Timestamp { saidPlacedAt ?? firstEventAt }

    /// Takes over what an event says of the order. A field that a later event said already stays; the stages' times are the earliest of their kind,
    /// and a cancellation is for good.
    public mutating func apply(_ data: OrderData, stage: Stage, at time: Timestamp) {
        times.take("cart_id", data.cartID, at: time, into: &cartID)
        times.take("currency", data.currency, at: time, into: &currency)
        times.take("subtotal", data.subtotal, at: time, into: &subtotal)
        times.take("discount_total", data.discountTotal, at: time, into: &discountTotal)
        times.take("tax_total", data.taxTotal, at: time, into: &taxTotal)
        times.take("tax_included", data.taxIncluded, at: time, into: &taxIncluded)
        times.take("shipping_total", data.shippingTotal, at: time, into: &shippingTotal)
        times.take("total", data.total, at: time, into: &total)
        times.take("coupon_codes", data.couponCodes, at: time, into: &couponCodes)
        times.take("referral_code", data.referralCode, at: time, into: &referralCode)
        times.take("channel", data.channel, at: time, into: &channel)
        times.take("country", data.country, at: time, into: &country)
        times.take("city", data.city, at: time, into: &city)
        times.take("items", data.items, at: time, into: &items)
        times.take("placed_at", data.placedAt, at: time, into: &saidPlacedAt)
        times.finish(at: time)
        firstEventAt = min(firstEventAt, time)
        switch stage {
        case .placed, .updated: break
        case .paid: paidAt = paidAt.map { min($0, time) } ?? time
        case .cancelled: cancelledAt = cancelledAt.map { min($0, time) } ?? time
        }
    }

    public var amounts: OrderAmounts { OrderAmounts(self) }
}

extension Order {
    /// An order as it was kept. The store's reader uses this; events go through ``apply(_:stage:at:)``.
    public init(
        id: String, customerID: String?, emailKey: String?, isGuest: Bool, said: OrderData, firstEventAt: Timestamp, paidAt: Timestamp?,
        cancelledAt: Timestamp?, times: FieldTimes
    ) {
        self.id = id
        self.customerID = customerID
        self.emailKey = emailKey
        self.isGuest = isGuest
        cartID = said.cartID
        currency = said.currency
        subtotal = said.subtotal
        discountTotal = said.discountTotal
        taxTotal = said.taxTotal
        taxIncluded = said.taxIncluded
        shippingTotal = said.shippingTotal
        total = said.total
        couponCodes = said.couponCodes
        referralCode = said.referralCode
        channel = said.channel
        country = said.country
        city = said.city
        items = said.items
        saidPlacedAt = said.placedAt
        self.firstEventAt = firstEventAt
        self.paidAt = paidAt
        self.cancelledAt = cancelledAt
        self.times = times
    }
}
