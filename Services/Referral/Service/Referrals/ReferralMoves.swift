import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// Moves referrals along ``ReferralTransition/all``, with all that belongs to a move: the history, the timer of the hold, the rewards, the event.
struct ReferralMoves {
    let change: Change

    static let hold = "referral.hold"

    /// `at` is when what moves it happened; news of it carry that time, so that what an import brings starts nothing that reaches a customer.
    func move(_ referral: inout Referral, _ move: ReferralMove, by actor: ReferralActor, reason: String, at: Timestamp) throws {
        let from = referral.state
        guard let to = ReferralTransition.target(of: move, from: from, by: actor) else {
            throw Problem.conflict("invalid_transition", "A referral that is \(from.rawValue) cannot be moved so: \(move.rawValue).")
        }
        guard move != .restore || !(referral.advocateReward.isSettling || referral.friendReward.isSettling) else {
            throw Problem.conflict("reward_settling", "Its reward is just being taken back; try again in a moment.")
        }
        referral.state = to
        referral.reason = reason
        referral.updatedAt = change.now
        var orders: [JSONObject.Member] = []
        switch move {
        case .qualify:
            referral.qualifiedAt = change.now
        // The hold is scheduled by whoever knows when the order was paid.
        case .approve, .restore:
            referral.approvedAt = change.now
            if move == .restore { referral.isRestored = true }
            try change.unschedule(Self.hold, key: referral.id)
            orders = try rewards(&referral)
        case .reject:
            try change.unschedule(Self.hold, key: referral.id)
        case .reverse:
            orders = GrantOrders.data(revokes: takeBack(&referral))
        }
        try ReferralStore.update(referral, change.db)
        try ReferralStore.note(ReferralStep(from: from, to: to, actor: actor, reason: reason, at: change.now), of: referral.id, change.db)
        try say("referral.\(to.rawValue)", referral, actor, at: at, orders)
    }

    /// Starts the hold, or moves it where the payment turns out to have been earlier. With approval by hand there is no timer.
    func startHold(_ referral: inout Referral, paidAt: Timestamp) throws {
        let until = paidAt.adding(days: referral.terms.holdDays)
        guard referral.holdUntil != until else { return }
        referral.holdUntil = until
        if referral.terms.approval == .automatic { try change.schedule(Self.hold, key: referral.id, at: until) }
    }

    func say(_ type: String, _ referral: Referral, _ actor: ReferralActor, at: Timestamp, _ orders: [JSONObject.Member] = []) throws {
        var data = JSONObject([
            .init(name: "referral_id", value: .string(referral.id)), .init(name: "program_id", value: .string(referral.programmeID)),
            .init(name: "customer_id", value: .string(referral.advocateID)),
            .init(name: "advocate_id", value: .string(referral.advocateID)),
            .init(name: "friend_id", value: .from(referral.friendID)), .init(name: "order_id", value: .from(referral.orderID)),
            .init(name: "code", value: .string(referral.code)), .init(name: "state", value: .string(referral.state.rawValue)),
            .init(name: "reason", value: .string(referral.reason)), .init(name: "actor", value: .string(actor.rawValue)),
        ])
        data.members += orders
        try change.emit(type, subject: referral.advocateID, data: .object(data), at: min(at, change.now))
    }

    // MARK: - Rewards

    private func rewards(_ referral: inout Referral) throws -> [JSONObject.Member] {
        var grants: [Grant] = []
        let name = try ProgrammeStore.find(referral.programmeID, change.db)?.programme.name ?? "Referral"
        if let reward = referral.terms.advocateReward, let key = referral.advocateReward.order("referral:\(referral.id):advocate") {
            grants.append(Self.grant(key, referral.id, "advocate", customer: referral.advocateID, email: nil, reward, name))
        }
        if let reward = referral.terms.friendPoints, let friend = referral.friendID,
            let key = referral.friendReward.order("referral:\(referral.id):friend")
        {
            grants.append(Self.grant(key, referral.id, "friend", customer: friend, email: referral.friendEmail, reward, name))
        }
        return GrantOrders.data(grants: grants)
    }

    /// What the approval gave goes back. The friend's coupon came with the claim and bought the order; it stays as it is.
    private func takeBack(_ referral: inout Referral) -> [String] {
        var revokes = [referral.advocateReward.revoke()]
        if referral.terms.friendPoints != nil { revokes.append(referral.friendReward.revoke()) }
        return revokes.compactMap { $0 }
    }

    private static func grant(
        _ key: String, _ id: String, _ side: String, customer: String, email: String?, _ reward: Reward, _ name: String
    ) -> Grant {
        Grant(
            key: key, customerID: customer, email: email, reward: reward, reason: "referral", name: name,
            origin: JSONObject([.init(name: "referral_id", value: .string(id)), .init(name: "side", value: .string(side))]))
    }
}
