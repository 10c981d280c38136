import Shared

/// Where a referral stands.
public enum ReferralState: String, Sendable, CaseIterable {
    /// The friend has their coupon, and has not bought yet.
    case pending
    /// The friend's first order is paid; the hold runs.
    case qualified
    /// The advocate is rewarded.
    case approved
    /// It never came to a reward.
    case rejected
    /// The reward was taken back.
    case reversed
}

public enum ReferralMove: String, Sendable, CaseIterable {
    case qualify, approve, reject, reverse, restore
}

public enum ReferralActor: String, Sendable, CaseIterable {
    /// By the rules.
    case system
    /// By hand.
    case merchant
}

/// Every way a referral may go. What is not here does not happen.
public struct ReferralTransition: Sendable, Equatable {
    public let from: ReferralState
    public let move: ReferralMove
    public let actors: [ReferralActor]
    public let to: ReferralState

    public static let all: [ReferralTransition] = [
        .init(from: .pending, move: .qualify, actors: [.system], to: .qualified),
        .init(from: .pending, move: .reject, actors: [.system, .merchant], to: .rejected),
        .init(from: .qualified, move: .approve, actors: [.system, .merchant], to: .approved),
        .init(from: .qualified, move: .reject, actors: [.system, .merchant], to: .rejected),
        .init(from: .approved, move: .reverse, actors: [.system, .merchant], to: .reversed),
        .init(from: .rejected, move: .restore, actors: [.merchant], to: .approved),
        .init(from: .reversed, move: .restore, actors: [.merchant], to: .approved),
    ]

    /// Where a move leads; nil where there is no such way.
    public static func target(of move: ReferralMove, from state: ReferralState, by actor: ReferralActor) -> ReferralState? {
        all.first { $0.from == state && $0.move == move && $0.actors.contains(actor) }?.to
    }
}
