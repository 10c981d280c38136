import LoyaltyDomain
import Shared
import SharedRuntime

/// What loyalty says about points. One settling of an order says one `points.earned` and one `points.reversed` at most, however many rules had
/// part in it, so that a mail can show the order's points at once.
struct PointsNews {
    private struct Earned {
        let points: Int64
        let rule: EarningRule?
        let lot: Lot
    }

    private var earned: [Earned] = []
    private var expired: [(points: Int64, lot: Lot)] = []
    private var reversed: Int64 = 0
    private var forgiven: Int64 = 0

    mutating func credited(_ points: Int64, rule: EarningRule?, lot: Lot, expired: Int64) {
        earned.append(Earned(points: points, rule: rule, lot: lot))
        if expired > 0 { self.expired.append((expired, lot)) }
    }

    mutating func clawedBack(_ plan: ClawbackPlan) {
        reversed += plan.taken
        forgiven += plan.forgiven
    }

    /// Says it all. `points` is the sum; where several rules gave points, `rule_id`, `lot_id` and the dates are those of the largest part and
    /// `accruals` lists all parts. `reason`, `refundID` and `grantKey` tell why points were taken back, or given by hand or by a grant;
    /// `occasion` which day or milestone they are for.
    func emit(
        _ account: MemberAccount, orderID: String?, reason: String? = nil, refundID: String? = nil, grantKey: String? = nil,
        occasion: String? = nil, _ change: Change
    ) throws {
        if let first = earned.max(by: { $0.points < $1.points }) {
            var data = Self.standing(account, orderID)
            data["points"] = .int(earned.reduce(0) { Exact.sum($0, $1.points) })
            data["rule_id"] = .from(first.rule?.id)
            data["rule"] = .from(first.rule?.name)
            data["lot_id"] = .string(first.lot.id)
            data["active_at"] = .from(first.lot.activeAt)
            data["expires_at"] = .from(first.lot.expiresAt)
            if earned.count > 1 { data["accruals"] = .array(earned.map(Self.json)) }
            if first.rule == nil { data["reason"] = .from(reason) }
            if let grantKey { data["grant_key"] = .string(grantKey) }
            if let occasion { data["occasion"] = .string(occasion) }
            try change.emit("points.earned", subject: account.customerID, data: .object(data))
        }
        if reversed > 0 || forgiven > 0 {
            var data = Self.standing(account, orderID)
            data["points"] = .int(reversed)
            data["forgiven"] = .int(forgiven)
            data["cause"] = .from(reason)
            data["refund_id"] = .from(refundID)
            if let grantKey { data["grant_key"] = .string(grantKey) }
            if let occasion { data["occasion"] = .string(occasion) }
            try change.emit("points.reversed", subject: account.customerID, data: .object(data))
        }
        for (points, lot) in expired { try Self.emitExpired(points, lot, account, orderID: orderID, change) }
    }

    private static func json(_ part: Earned) -> JSON {
        [
            "points": .int(part.points), "rule_id": .from(part.rule?.id), "rule": .from(part.rule?.name), "lot_id": .string(part.lot.id),
            "active_at": .from(part.lot.activeAt), "expires_at": .from(part.lot.expiresAt),
        ]
    }

    static func emitActivated(_ points: Int64, _ record: LotRecord, _ account: MemberAccount, _ change: Change) throws {
        var data = standing(account, record.orderID)
        data["points"] = .int(points)
        data["lot_id"] = .string(record.lot.id)
        data["expires_at"] = .from(record.lot.expiresAt)
        try change.emit("points.activated", subject: account.customerID, data: .object(data))
    }

    static func emitExpired(_ points: Int64, _ lot: Lot, _ account: MemberAccount, orderID: String?, _ change: Change) throws {
        var data = standing(account, orderID)
        data["points"] = .int(points)
        data["lot_id"] = .string(lot.id)
        data["expired_at"] = .from(lot.expiresAt)
        try change.emit("points.expired", subject: account.customerID, data: .object(data))
    }

    /// Points will expire, so many days from when this was due.
    static func emitExpiring(_ notice: LotAgenda.Notice, _ account: MemberAccount, _ change: Change) throws {
        var data = standing(account, nil)
        data["points"] = .int(notice.points)
        data["expires_at"] = .from(notice.expiresAt)
        data["days"] = .int(notice.days)
        try change.emit("points.expiring", subject: account.customerID, data: .object(data))
    }

    private static func standing(_ account: MemberAccount, _ orderID: String?) -> JSONObject {
        JSONObject([
            .init(name: "customer_id", value: .string(account.customerID)),
            .init(name: "order_id", value: .from(orderID)),
            .init(name: "balance", value: .int(account.counters.balance)),
            .init(name: "pending", value: .int(account.counters.pending)),
        ])
    }
}
