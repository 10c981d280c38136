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
        let code: String
    }

    let lines: [Line]
    let standing: OrderStanding
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
        record.order.isGuest = member?.customer.isGuest ?? true
        let rules = ["order.placed", EarningRule.paid].flatMap { quote.catalogue.rulesByTrigger[$0] ?? [] }
        if rules.contains(where: { $0.conditions != nil }) { record.itemsText = data.items.map { JSON.array($0.map(\.json)).text } }
        let standing = OrderStanding(record.order, refunds: [])
        self.standing = standing
        let tier = try member.flatMap { try TierKeeper(catalogue: quote.catalogue).tier(of: $0.account, at: quote.now, quote.db) }
        multiplier = tier?.multiplier ?? 100
        lines = try rules.map { rule in
            guard rule.isInForce(at: quote.now) else { return Line(rule: rule, points: 0, code: "not_in_force") }
            if let conditions = rule.conditions {
                var documents = ["order": record.facts]
                documents["event"] = ["type": .string(rule.trigger), "source": "quote", "data": data.json]
                documents["customer"] = member?.customer.data.json
                guard conditions.verdict(ConditionFacts(documents, now: quote.now)).holds else {
                    return Line(rule: rule, points: 0, code: "conditions_not_met")
                }
            }
            let kept = rule.kept(standing)
            guard kept > 0 else { return Line(rule: rule, points: 0, code: "nothing_to_earn_on") }
            guard let member else { return Line(rule: rule, points: min(kept, rule.cap?.points ?? kept), code: "earned") }
            let grant = try RuleGrant(rule, at: quote.now, memberID: member.account.memberID, quote.catalogue, quote.db)
            let points = min(kept, grant.ceiling ?? kept)
            return Line(rule: rule, points: points, code: points == 0 ? "cap_reached" : "earned")
        }
    }

    var json: JSON {
        [
            "earn": .int(earn),
            "by_rule": .array(
                lines.map {
                    [
                        "rule": .string($0.rule.id), "name": .string($0.rule.name), "points": .int($0.points), "code": .string($0.code),
                    ]
                }), "multiplier": .double(Double(multiplier) / 100),
        ]
    }
}
