import Shared

/// The friend's order as a referral sees it.
public struct Qualification: Sendable, Equatable {
    /// Of the subtotal before discounts.
    public var subtotal: Int64
    public var remaining: RemainingOrder
    public var isCancelled: Bool
    /// The buyer is the advocate.
    public var isAdvocate: Bool
    /// No other order of the buyer that counts was placed before.
    public var isFirstOrder: Bool

    public init(subtotal: Int64, remaining: RemainingOrder, isCancelled: Bool, isAdvocate: Bool, isFirstOrder: Bool) {
        self.subtotal = subtotal
        self.remaining = remaining
        self.isCancelled = isCancelled
        self.isAdvocate = isAdvocate
        self.isFirstOrder = isFirstOrder
    }

    /// What speaks against rewarding it; nil: nothing.
    public func objection(minimum: Int64) -> ReferralReason? {
        if isAdvocate { return .selfReferral }
        if !isFirstOrder { return .existingCustomer }
        return loss(minimum: minimum)
    }

    /// What was lost of it; nil: enough is left.
    private func loss(minimum: Int64) -> ReferralReason? {
        if isCancelled { return .cancelled }
        if subtotal < minimum { return .belowMinimum }
        if remaining.isFullyRefunded || remaining.value < minimum { return .refunded }
        return nil
    }

    /// Where the rules take a referral in view of this order; nil: it stays. Who the buyer is was settled by the approval: later only a loss reverses.
    /// What a merchant restored stays theirs.
    public func move(from state: ReferralState, minimum: Int64, isRestored: Bool) -> (move: ReferralMove, reason: ReferralReason)? {
        switch state {
        case .pending: objection(minimum: minimum).map { (.reject, $0) } ?? (.qualify, .firstOrderPaid)
        case .qualified: objection(minimum: minimum).map { (.reject, $0) }
        case .approved: isRestored ? nil : loss(minimum: minimum).map { (.reverse, $0) }
        case .rejected, .reversed: nil
        }
    }
}
