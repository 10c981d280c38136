import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Hands out rewards for points: first the points are held, then they are spent, or let go again by whoever asks or by time. Each step is one
/// transaction, and taken twice it is taken once.
struct RewardDesk: Sendable {
    static let timer = "redemption.expire"

    let catalogues: CatalogueCache

    // MARK: - Holding

    /// Holds the points for a reward, and one of its stock, and issues its coupon.
    func reserve(
        _ customerID: String, rewardID: String, _ request: RewardRequest, orderID: String?, _ change: Change
    ) throws -> RewardRedemption {
        let db = change.db
        if !db.dialect.forUpdate.isEmpty {
            // Whoever comes second waits here, and not after all its work.
            _ = try db.first("SELECT 1 FROM members WHERE customer_id = \(customerID) \(raw: db.dialect.forUpdate)") { $0.int(0) }
        }
        let member = try MembersController.member(customerID, db)
        let catalogue = try catalogues.current(db)
        guard let reward = catalogue.rewards.first(where: { $0.id == rewardID }) else { throw Problem.notFound("such reward") }
        _ = try RewardStock.claim(reward.id, db)
        var options = RewardOptions(member, catalogue, now: change.now, db)
        let verdict = try options.verdict(reward, request)
        guard verdict.isGranted else { throw Self.problem(verdict) }
        let stockID = try RewardStock.take(reward.id, db)
        let id = TypeID.make("rdm", at: change.now)
        var ledger = PointsLedger(member.account, change)
        let origin = EntryOrigin(orderID: orderID, note: reward.name)
        guard let lots = try ledger.reserve(verdict.points, cause: "reserve:\(id)", origin: origin) else {
            // What the balance counts may have run out in this moment.
            throw Problem.conflict(RewardVerdict.Reason.insufficientPoints.rawValue, "The member has not enough points to spend.")
        }
        try ledger.save()
        let redemption = Redemption(
            id: id, points: verdict.points, lots: lots, orderID: orderID, expiresAt: change.now.adding(seconds: reward.reserveMinutes * 60))
        var record = RewardRedemption(redemption, of: member, reward: reward, request: request, stockID: stockID, at: change.now)
        record.couponCode = try RewardCoupon.issue(record, currency: catalogue.programme.currency, change)
        try RewardRedemptionStore.insert(record, db)
        try change.schedule(Self.timer, key: id, at: redemption.expiresAt)
        try RewardNews.reserved(record, ledger.account, change)
        try Aftermath(catalogues: catalogues).follow(member.customer.id, [.points], change)
        return record
    }

    /// The answer to a redemption that is refused: its code is the first reason, `reasons` has all.
    private static func problem(_ verdict: RewardVerdict) -> Problem {
        guard let first = verdict.refusals.first else { return .internalError }
        var problem =
            first.reason.isState
            ? Problem.conflict(first.reason.rawValue, first.detail) : Problem.refused(first.reason.rawValue, first.detail)
        problem.extensions["reasons"] = verdict.reasons
        return problem
    }

    // MARK: - Spending

    /// Spends the points of a redemption by call. Its coupon stays good for as long as the reward says.
    func commit(_ id: String, orderID: String?, _ change: Change) throws -> RewardRedemption {
        var record = try claim(id, change)
        if let orderID, try OrderStore.isCancelled(orderID, change.db) {
            throw Problem.conflict("order_cancelled", "This order was cancelled.")
        }
        switch record.redemption.state {
        case .cancelled, .expired, .refunded:
            throw Problem.conflict(record.redemption.state.rawValue, "The redemption is \(record.redemption.state.rawValue).")
        case .redeemed:
            guard let orderID, orderID != record.redemption.orderID else { return record }
            guard record.redemption.orderID == nil else { throw Problem.conflict("other_order", "It went into another order.") }
            record.redemption.orderID = orderID
            try RewardRedemptionStore.update(record, change.db)
        case .reserved:
            guard change.now < record.redemption.expiresAt else { throw Problem.conflict("expired", "The points were held until then.") }
            record.redemption.orderID = orderID ?? record.redemption.orderID
            try spend(&record, by: .call, change)
            if let code = record.couponCode {
                try RewardCoupon.extend(code, until: record.reward.couponDays.map { change.now.adding(days: $0) }, change)
            }
        }
        guard let orderID = record.redemption.orderID else { return record }
        try SpentPoints(catalogues: catalogues).settle(orderID: orderID, change)
        return try RewardRedemptionStore.find(id, change.db) ?? record
    }

    /// Spends what is held.
    func spend(_ record: inout RewardRedemption, by settler: Redemption.SettledBy, _ change: Change) throws {
        var ledger = try ledger(of: record, change)
        try ledger.redeem(record.redemption.lots, cause: record.cause("redeem"), origin: record.origin)
        try ledger.save()
        record.redemption.state = .redeemed
        record.redemption.settledBy = settler
        record.settledAt = change.now
        try RewardRedemptionStore.update(record, change.db)
        try change.unschedule(Self.timer, key: record.id)
        try RewardNews.redeemed(record, ledger.account, change)
        try Aftermath(catalogues: catalogues).follow(ledger.account.customerID, [.points], change)
    }

    // MARK: - Letting go

    /// Lets the points go. What was let go before stays as it is; what is spent only a refund gives back.
    func cancel(_ id: String, reason: String?, _ change: Change) throws -> RewardRedemption {
        var record = try claim(id, change)
        switch record.redemption.state {
        case .cancelled, .expired, .refunded: return record
        case .redeemed: throw Problem.conflict("redeemed", "Its points are spent.")
        case .reserved:
            record.reason = reason
            try letGo(&record, to: .cancelled, cause: "cancelled", change)
            return record
        }
    }

    /// The time for which points were held is over.
    func expire(_ timer: DueTimer, _ change: Change) throws {
        guard var record = try RewardRedemptionStore.claim(timer.key, change.db), record.redemption.state == .reserved else { return }
        try letGo(&record, to: .expired, cause: "timed_out", change)
    }

    private func letGo(_ record: inout RewardRedemption, to state: Redemption.State, cause: String, _ change: Change) throws {
        var ledger = try ledger(of: record, change)
        try ledger.release(record.redemption.lots, cause: record.cause("release"), origin: record.origin)
        try ledger.save()
        try end(&record, state, change)
        try change.unschedule(Self.timer, key: record.id)
        try RewardNews.cancelled(record, points: record.redemption.points, cause: cause, ledger.account, change)
        try Aftermath(catalogues: catalogues).follow(ledger.account.customerID, [.points], change)
    }

    // MARK: - Giving back

    /// Gives spent points back; once all are back the redemption is over, by the name of `state`.
    func giveBack(
        _ points: Int64, of record: inout RewardRedemption, to state: Redemption.State, cause: String, _ change: Change
    ) throws {
        let moves = record.redemption.givingBack(points)
        guard !moves.isEmpty else { return }
        let grace = try catalogues.current(change.db).programme.spentRefundGraceDays
        record.returns += 1
        var ledger = try ledger(of: record, change)
        _ = try ledger.giveBack(moves, grace: grace, cause: "return:\(record.id):\(record.returns)", origin: record.origin)
        try ledger.save()
        record.redemption.returned += moves.points
        if record.redemption.returned == record.redemption.points {
            try end(&record, state, change)
        } else {
            try RewardRedemptionStore.update(record, change.db)
        }
        try RewardNews.cancelled(record, points: moves.points, cause: cause, ledger.account, change)
        try Aftermath(catalogues: catalogues).follow(ledger.account.customerID, [.points], change)
    }

    // MARK: - All of them

    /// The redemption came to nothing: its coupon is good for nothing, and its piece of the stock is there again.
    private func end(_ record: inout RewardRedemption, _ state: Redemption.State, _ change: Change) throws {
        record.redemption.state = state
        record.settledAt = change.now
        if let stockID = record.stockID { try RewardStock.putBack(stockID, of: record.reward.id, change.db) }
        record.stockID = nil
        try RewardRedemptionStore.update(record, change.db)
        if let code = record.couponCode { try RewardCoupon.cancel(code, change) }
    }

    private func claim(_ id: String, _ change: Change) throws -> RewardRedemption {
        guard let record = try RewardRedemptionStore.claim(id, change.db) else { throw Problem.notFound("such redemption") }
        return record
    }

    func ledger(of record: RewardRedemption, _ change: Change) throws -> PointsLedger {
        guard let member = try CustomerStore.find(memberID: record.memberID, change.db) else { throw Problem.internalError }
        return PointsLedger(member.account, change)
    }
}

extension RewardRedemption {
    var origin: EntryOrigin { EntryOrigin(orderID: redemption.orderID, note: reward.name) }

    /// The business key of a step; points that are held again have keys of their own.
    func cause(_ step: String) -> String { takes == 1 ? "\(step):\(id)" : "\(step):\(id):\(takes)" }
}
