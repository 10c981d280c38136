import LoyaltyDomain
import Shared
import SharedStore

/// What the cart would earn as an order placed and paid now. Reckoned by the earning rules' own functions, on the order that the cart would become:
/// whatever an order earns is reckoned there, and nowhere else.
struct QuotePoints {
    struct Line {
        let rule: EarningRule
        let points: Int64
        /// `earned`, or why not.
        let code: RuleCode
    }

    let lines: [Line]
    let standing: OrderStanding
    /// The order that the cart would become.
    let order: Order
    /// Hundredths: what the member's tier makes of a point.
    let multiplier: Int64

    var earn: Int64 { min(lines.reduce(Int64(0)) { Exact.sum($0, $1.points) }, Exact.maximumPoints) }

    init(_ quote: Quote, _ shopper: inout Shopper) throws {
        let data = quote.order
        var record = OrderRecord(new: data.orderID, at: quote.now)
        record.order.apply(data, stage: .placed, at: quote.now)
        record.order.apply(OrderData(orderID: data.orderID), stage: .paid, at: quote.now)
        let member = try shopper.member()
        record.order.customerID = member?.customer.id
        record.order.isGuest = !shopper.isNamed
        let rules = ["order.placed", EarningRule.paid].flatMap { quote.catalogue.rulesByTrigger[$0] ?? [] }
        if rules.contains(where: { $0.needs.contains("order") }) { record.itemsText = data.items.map { JSON.array($0.map(\.json)).text } }
        let standing = OrderStanding(record.order, refunds: [])
        self.standing = standing
        order = record.order
        var documents: [String: JSON] = ["event": ["type": .string(EarningRule.paid), "source": "quote", "data": data.json]]
        if rules.contains(where: { $0.needs.contains("order") }) {
            var order = record.facts.object ?? JSONObject()
            order["number"] = .int(try Self.number(member, quote.db))
            documents["order"] = .object(order)
        }
        var judge = RuleJudge(member ?? .nobody(quote.now), quote.catalogue, at: quote.now, quote.db, documents: documents)
        // By then the order is one of the member's.
        judge.facts.coming = record.order
        let waits = shopper.isGuest(member) && quote.catalogue.programme.guestOrders == .onSignUp
        lines = try judge.consider(rules, stopped: { _ in waits ? .guest : nil }, worth: { $0.kept(standing, multiplier: $1) }).map { rule, verdict in
            switch verdict {
            case .refused(let code, _):
                return Line(rule: rule, points: 0, code: code)
            case .worth(let kept, _):
                switch try judge.room(rule, at: quote.now) {
                case .none(let code): return Line(rule: rule, points: 0, code: code)
                case .some(let room): return Line(rule: rule, points: min(kept, room.ceiling ?? kept), code: room.code)
                }
            }
        }
        multiplier = quote.catalogue.tiers.isEmpty ? PointsAward.single : try judge.multiplier()
    }

    /// Which of the member's counted orders it would be.
    private static func number(_ member: CustomerRecord?, _ db: SQLConnection) throws -> Int64 {
        guard let member else { return 1 }
        return 1
            + (try db.first("SELECT COUNT(*) FROM orders WHERE customer_id = \(member.customer.id) AND cancelled_at IS NULL") { $0.int(0) } ?? 0)
    }

    var json: JSON {
        [
            "earn": .int(earn),
            "by_rule": .array(
                lines.map {
                    [
                        "rule": .string($0.rule.id), "name": .string($0.rule.name), "points": .int($0.points), "code": .string($0.code.rawValue),
                    ]
                }), "multiplier": .double(Double(multiplier) / 100),
        ]
    }
}
