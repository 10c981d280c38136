import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// Weighs an order against the referrals it touches: always all that is known of it, never what came first. Events may come in any order and more
/// than once.
struct OrderReview {
    let change: Change
    /// When what is being looked at happened.
    let at: Timestamp

    private var db: SQLConnection { change.db }
    private var moves: ReferralMoves { ReferralMoves(change: change) }

    func run(_ order: KnownOrder) throws {
        let codes = order.facts.codes
        // A shop without referrals imports its orders without looking for any.
        guard try !codes.isEmpty || ReferralStore.hasAny(db) else { return }
        let buyer = try buyer(of: order)
        let owners = try AdvocateStore.owners(of: codes, db)
        for referral in try ReferralStore.concerned(by: order.id, codes: codes, buyer: buyer, db) {
            try weigh(referral, order, codes, owners)
        }
        guard order.standing.paidAt != nil else { return }
        for owner in owners { try open(by: owner, order, buyer) }
    }

    /// Weighs the open referrals of somebody anew, of whom something else became known.
    func run(person id: String) throws {
        guard try ReferralStore.hasAny(db) else { return }
        let ids = try KnownPersons.ids(id: id, email: nil, db)
        for referral in try ReferralStore.of(friend: ids, db) where referral.state == .qualified {
            guard let orderID = referral.orderID, let order = try KnownOrderStore.find(orderID, db) else { continue }
            try judge(referral, order)
        }
    }

    private func buyer(of order: KnownOrder) throws -> [String] {
        guard let id = order.customerID else { return [] }
        return try KnownPersons.ids(id: id, email: nil, db)
    }

    private func weigh(_ referral: Referral, _ order: KnownOrder, _ codes: [ReferralCode], _ owners: [CodeOwner]) throws {
        if let bound = referral.orderID {
            guard let own = bound == order.id ? order : try KnownOrderStore.find(bound, db) else { return }
            return try judge(referral, own)
        }
        guard referral.state == .pending, order.standing.paidAt != nil else { return }
        let hasCoupon = referral.friendReward.couponCode.flatMap(ReferralCode.init).map(codes.contains) ?? false
        let hasCode = owners.contains { $0.advocateID == referral.advocateID && $0.programmeID == referral.programmeID }
        guard hasCoupon || hasCode else { return }
        try judge(referral, order)
    }

    /// Moves a referral where its order takes it.
    private func judge(_ referral: Referral, _ order: KnownOrder) throws {
        var referral = referral
        let facts = try qualification(order, advocate: referral.advocateID)
        let move = facts.move(from: referral.state, minimum: referral.terms.minimumOrder, isRestored: referral.isRestored)
        if move != nil || referral.state == .qualified {
            referral.orderID = order.id
            if referral.friendID == nil { referral.friendID = order.customerID }
            if referral.state == .qualified || move?.move == .qualify, let paidAt = order.standing.paidAt {
                try moves.startHold(&referral, paidAt: paidAt)
            }
        }
        if let (move, reason) = move {
            try moves.move(&referral, move, by: .system, reason: reason.rawValue, at: at)
        } else if referral.state == .qualified {
            try ReferralStore.update(referral, db)
        }
    }

    private func qualification(_ order: KnownOrder, advocate: String) throws -> Qualification {
        let buyer = try buyer(of: order)
        return Qualification(
            subtotal: order.facts.subtotal, remaining: RemainingOrder(order.facts, refunds: try KnownOrderStore.refunds(of: order.id, db)),
            isCancelled: order.standing.cancelledAt != nil, isAdvocate: buyer.contains(advocate), isFirstOrder: try isFirst(order, buyer))
    }

    private func isFirst(_ order: KnownOrder, _ buyer: [String]) throws -> Bool {
        try KnownPersons.isFirstOrder(order.id, placedAt: order.standing.placedAt ?? at, of: buyer, db)
    }

    // MARK: - Orders that come with a code and without a claim

    /// A paid order with an advocate's code makes the referral itself. What speaks against it is kept with its reason: one refusal for each friend of
    /// an advocate.
    private func open(by owner: CodeOwner, _ order: KnownOrder, _ buyer: [String]) throws {
        guard let row = try ProgrammeStore.find(owner.programmeID, db) else { return }
        let known = try ReferralStore.of(friend: buyer, db)
        guard !known.contains(where: { $0.advocateID == owner.advocateID && $0.programmeID == owner.programmeID }),
            try !ReferralStore.concerned(by: order.id, codes: [], buyer: [], db).contains(where: { $0.advocateID == owner.advocateID })
        else { return }
        let friend = try friend(of: order)
        let qualification = try qualification(order, advocate: owner.advocateID)
        let claim = ClaimFacts(
            isKnownCode: true, isOpen: row.isOpen(at: order.standing.placedAt ?? at), isValidEmail: true,
            isAdvocate: qualification.isAdvocate,
            hasBought: !qualification.isFirstOrder, isReferred: !known.isEmpty)
        let refusal =
            order.customerID == nil ? .unknownCustomer : claim.refusal ?? qualification.objection(minimum: row.programme.terms.minimumOrder)
        let id =
            refusal == nil
            ? PersonHash.referralID(programme: row.id, friend: friend.key)
            : PersonHash.refusalID(programme: row.id, advocate: owner.advocateID, friend: friend.key)
        let reason = refusal ?? .orderCode
        var referral = Referral(
            id: id, programmeID: row.id, code: owner.code.text, advocateID: owner.advocateID, friendID: order.customerID,
            friendKey: friend.key,
            friendEmail: friend.email, isClaim: refusal == nil, state: refusal == nil ? .pending : .rejected, reason: reason.rawValue,
            terms: row.programme.terms, orderID: order.id, createdAt: change.now, updatedAt: change.now)
        guard try ReferralStore.insert(referral, db) else { return }
        let step = ReferralStep(from: nil, to: referral.state, actor: .system, reason: reason.rawValue, at: change.now)
        try ReferralStore.note(step, of: id, db)
        guard refusal == nil, let paidAt = order.standing.paidAt else {
            return try moves.say("referral.rejected", referral, .system, at: at)
        }
        try moves.startHold(&referral, paidAt: paidAt)
        try moves.move(&referral, .qualify, by: .system, reason: ReferralReason.firstOrderPaid.rawValue, at: at)
    }

    /// The buyer as a friend: by mailbox where one is known, else by id.
    private func friend(of order: KnownOrder) throws -> (key: String, email: String?) {
        guard let id = order.customerID else { return (PersonHash.customer("order:\(order.id)"), nil) }
        let email = try db.first("SELECT email_key FROM known_customers WHERE customer_id = \(id)") { $0.textOrNil(0) } ?? nil
        return (PersonHash.email(email) ?? PersonHash.customer(id), email)
    }
}
