import Hummingbird
import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// `POST /v1/referral/claims`: a friend takes an advocate at their word. The coupon is had from loyalty-svc first and works once the 201 is out; where
/// it cannot be had, nothing is kept.
struct ClaimsController: Sendable {
    let house: House
    let desk: any GrantDesk

    func addRoutes(to router: Router<VefaContext>) {
        router.post("/v1/referral/claims", use: create)
    }

    private struct Prepared: Sendable {
        let claim: Claim
        let accepted: Claim.Accepted
        let reward: RewardRecord
    }

    @Sendable private func create(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try await house.command(request, context, preparing: prepare, keep)
    }

    /// Judges the claim, then has the coupon. Its key follows from programme and friend: whoever tries again, and all who try at once, get the same one.
    @Sendable private func prepare(_ input: CommandInput) async throws -> Prepared {
        let claim = try Claim(input)
        let now = house.now
        let accepted = try await house.read { try claim.judge($0, now: now) }
        let terms = accepted.programme.programme.terms
        guard case .discount? = terms.friendReward, let reward = terms.friendReward else {
            return Prepared(claim: claim, accepted: accepted, reward: RewardRecord())
        }
        let grant = Grant(
            key: "referral:claim:\(accepted.referralID)", customerID: claim.customerID, email: claim.email, reward: reward,
            reason: "referral",
            name: accepted.programme.programme.name,
            terms: CouponTerms(minimumOrder: terms.minimumOrder > 0 ? terms.minimumOrder : nil, firstOrderOnly: true),
            origin: JSONObject([
                .init(name: "referral_id", value: .string(accepted.referralID)), .init(name: "side", value: "friend"),
            ]))
        let outcome: GrantOutcome
        do {
            outcome = try await desk.give(grant)
        } catch let error as ServiceCallError {
            house.logger.warning("a claim's coupon could not be had", metadata: ["reason": "\(error)"])
            throw Problem.unavailable("The reward cannot be had just now; nothing was kept.", code: "upstream_unavailable")
        }
        guard outcome.state == .issued, outcome.couponCode != nil else {
            throw Problem.conflict("reward_refused", outcome.detail ?? "The friend's reward cannot be given.")
        }
        return Prepared(claim: claim, accepted: accepted, reward: RewardRecord(issued: outcome))
    }

    /// Judges once more, in the transaction that keeps it: of many claims of one person exactly one is.
    @Sendable private func keep(_ input: CommandInput, _ prepared: Prepared, _ change: Change) throws -> Reply {
        let (claim, accepted) = (prepared.claim, try prepared.claim.judge(change.db, now: change.now))
        let programme = prepared.accepted.programme
        guard accepted.referralID == prepared.accepted.referralID else {
            throw Problem.conflict("code_changed", "This code was just given to another programme; try again.")
        }
        let referral = Referral(
            id: accepted.referralID, programmeID: programme.id, code: accepted.owner.code.text, advocateID: accepted.owner.advocateID,
            friendID: claim.customerID, friendKey: accepted.friendKey, friendEmail: claim.email, isClaim: true, state: .pending,
            reason: ReferralReason.claimed.rawValue, terms: programme.programme.terms, friendReward: prepared.reward, createdAt: change.now,
            updatedAt: change.now)
        guard try ReferralStore.insert(referral, change.db) else { throw Claim.problem(.alreadyReferred) }
        let step = ReferralStep(from: nil, to: .pending, actor: .system, reason: referral.reason, at: change.now)
        try ReferralStore.note(step, of: referral.id, change.db)
        try ReferralMoves(change: change).say("referral.claimed", referral, .system, at: change.now)
        return .created([
            "referral_id": .string(referral.id), "coupon_code": .from(prepared.reward.couponCode), "program_id": .string(programme.id),
            "state": .string(referral.state.rawValue), "friend_reward": programme.programme.terms.friendReward?.json ?? .null,
            "friend_minimum_order": .int(programme.programme.terms.minimumOrder),
        ])
    }
}
