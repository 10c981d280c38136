import LoyaltyDomain
import Shared
import SharedStore

/// The points that count towards tiers: what each cause stands at, dated by when it was earned. Given by rules, by grants and by hand; expiry and
/// spending take nothing of it. What was taken back counts no more from when it was taken back.
enum EarnedCredits {
    private struct Cause: Hashable {
        let cause: String
        let ruleID: String?

        /// How the ledger's entries that take it back begin.
        var clawbacks: String { "claw:\(cause):" + (ruleID.map { "\($0):" } ?? "") }
    }

    private struct Earned {
        var at: Timestamp
        var points: Int64
        /// Nil where only the lot knows.
        let standing: (credited: Int64, now: Int64)?
    }

    static func of(_ memberID: String, _ db: SQLConnection) throws -> [TierCredit] {
        var earned: [Cause: Earned] = [:]
        try db.each(
            """
            SELECT l.cause, l.rule_id, l.earned_at, l.points, a.credited, a.reversed + a.forgiven
            FROM lots l LEFT JOIN accruals a ON a.cause = l.cause AND a.rule_id = COALESCE(l.rule_id, '')
            WHERE l.member_id = \(memberID)
            """
        ) { row in
            let cause = Cause(cause: row.text(0), ruleID: row.textOrNil(1))
            guard cause.ruleID != nil || isGiven(cause.cause) else { return }
            let at = row.time(2)
            let points = row.int(3)
            guard let known = earned[cause] else {
                let standing = row.isNull(4) ? nil : (credited: row.int(4), now: row.int(4) - row.int(5))
                earned[cause] = Earned(at: at, points: points, standing: standing)
                return
            }
            earned[cause]?.at = min(known.at, at)
            // Points that came back as a lot of their own are the same points.
            earned[cause]?.points = max(known.points, points)
        }
        let lowered = earned.filter { $0.value.standing.map { $0.now < $0.credited } ?? false }
        let clawbacks = lowered.isEmpty ? [] : try clawbacks(memberID, db)
        return earned.flatMap { cause, earned in
            guard let standing = earned.standing else { return [TierCredit(at: earned.at, amount: earned.points)] }
            return credits(
                earned.at, standing, standing.now == standing.credited ? [] : clawbacks.filter { $0.cause.hasPrefix(cause.clawbacks) })
        }
    }

    private static func isGiven(_ cause: String) -> Bool { cause.hasPrefix("grant:") || cause.hasPrefix("adjust:") }

    /// What the ledger does not tell of (what was given up instead of being taken back) is lost with the last that it tells of.
    private static func credits(
        _ at: Timestamp, _ standing: (credited: Int64, now: Int64), _ clawbacks: [(cause: String, points: Int64, at: Timestamp)]
    ) -> [TierCredit] {
        var lost = standing.credited - standing.now
        var credits: [TierCredit] = []
        for clawback in clawbacks where lost > 0 {
            let points = min(lost, clawback.points)
            lost -= points
            credits.append(TierCredit(at: at, since: clawback.at, amount: -points))
        }
        if lost > 0, let last = clawbacks.last {
            credits.append(TierCredit(at: at, since: last.at, amount: -lost))
            lost = 0
        }
        credits.append(TierCredit(at: at, amount: standing.credited - lost))
        return credits
    }

    private static func clawbacks(_ memberID: String, _ db: SQLConnection) throws -> [(cause: String, points: Int64, at: Timestamp)] {
        // What was taken back before a merge stands in the other's ledger.
        let merged = try db.all(
            """
            SELECT m.member_id FROM members i JOIN customers c ON c.merged_into = i.customer_id JOIN members m ON m.customer_id = c.customer_id
            WHERE i.member_id = \(memberID)
            """
        ) { $0.text(0) }
        return try db.all(
            """
            SELECT cause, points, at FROM ledger_entries WHERE member_id IN \(list: [memberID] + merged) AND kind = 'clawed_back'
            ORDER BY at, member_id, sequence
            """
        ) { (cause: $0.text(0), points: $0.int(1), at: $0.time(2)) }
    }
}

/// The money that counts towards tiers: paid orders in the programme's currency, dated by their placing, less what went back from when it did.
enum SpentCredits {
    private struct Spent {
        let id: String
        let at: Timestamp
        let amount: Int64
        let refunded: Int64
        let cancelledAt: Timestamp?
    }

    static func of(_ customerID: String, _ currency: Currency, _ db: SQLConnection) throws -> [TierCredit] {
        let orders = try db.all(
            """
            SELECT order_id, placed_at, amount, refunded, cancelled_at FROM orders
            WHERE customer_id = \(customerID) AND paid_at IS NOT NULL AND currency = \(currency.code)
            """
        ) { Spent(id: $0.text(0), at: $0.time(1), amount: $0.int(2), refunded: $0.int(3), cancelledAt: $0.timeOrNil(4)) }
        let refunded = orders.filter { $0.refunded > 0 }.map(\.id)
        var refunds: [String: [(amount: Int64?, at: Timestamp)]] = [:]
        // A store's list of values has its limit.
        for start in stride(from: 0, to: refunded.count, by: 500) {
            let ids = Array(refunded[start..<min(start + 500, refunded.count)])
            try db.each("SELECT order_id, amount, at FROM order_refunds WHERE order_id IN \(list: ids) ORDER BY at, refund_id") { row in
                refunds[row.text(0), default: []].append((row.intOrNil(1), row.time(2)))
            }
        }
        return orders.flatMap { credits($0, refunds[$0.id] ?? []) }
    }

    /// Refunds that name no amount share what the others leave, with the last of them.
    private static func credits(_ order: Spent, _ refunds: [(amount: Int64?, at: Timestamp)]) -> [TierCredit] {
        var left = order.amount
        var open = min(order.refunded, order.amount)
        var credits = [TierCredit(at: order.at, amount: order.amount)]
        func lose(_ amount: Int64, at time: Timestamp) {
            guard amount > 0 else { return }
            left -= amount
            credits.append(TierCredit(at: order.at, since: time, amount: -amount))
        }
        for refund in refunds {
            let amount = min(open, refund.amount ?? 0)
            open -= amount
            lose(amount, at: refund.at)
        }
        lose(open, at: refunds.last { $0.amount == nil }?.at ?? refunds.last?.at ?? order.at)
        if let cancelledAt = order.cancelledAt { lose(left, at: cancelledAt) }
        return credits
    }
}
