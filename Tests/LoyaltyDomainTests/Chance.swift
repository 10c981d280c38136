import LoyaltyDomain
import Shared

/// Repeatable chance (SplitMix64): a failing case names its seed, and the seed brings it back.
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func int(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &self) }
    mutating func coin() -> Bool { Bool.random(using: &self) }
}

/// An order as a store would say it, paid or not, out of its data.
func order(_ data: OrderData, paid: Bool = true, cancelled: Bool = false) -> Order {
    var order = Order(id: data.orderID, firstEventAt: Timestamp(milliseconds: 1_000))
    order.apply(data, stage: .placed, at: Timestamp(milliseconds: 1_000))
    if paid { order.apply(OrderData(orderID: data.orderID), stage: .paid, at: Timestamp(milliseconds: 2_000)) }
    if cancelled { order.apply(OrderData(orderID: data.orderID), stage: .cancelled, at: Timestamp(milliseconds: 3_000)) }
    return order
}

func orderData(
    currency: String = "TRY", subtotal: Int64? = nil, discount: Int64? = nil, shipping: Int64? = nil, tax: Int64? = nil,
    total: Int64? = nil,
    items: [OrderItem]? = nil
) -> OrderData {
    var data = OrderData(orderID: "1")
    data.currency = Currency(currency)
    data.subtotal = subtotal
    data.discountTotal = discount
    data.shippingTotal = shipping
    data.taxTotal = tax
    data.total = total
    data.items = items
    return data
}

func amountRefund(_ id: String, _ amount: Int64) -> RefundData { RefundData(orderID: "1", refundID: id, amount: amount, items: []) }

func rule(
    _ award: PointsAward = .perAmount(points: 1, amount: 100, scale: 2), basis: Basis = .net, trigger: String = "order.paid"
) -> EarningRule {
    EarningRule(id: "rule_1", version: 1, name: "a rule", trigger: trigger, award: award, basis: basis)
}
