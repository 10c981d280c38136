import Shared

/// Whether somebody may be referred: by a claim, or by an order that comes with a code. Pure: the facts are handed in.
public struct ClaimFacts: Sendable, Equatable {
    public var isKnownCode: Bool
    public var isOpen: Bool
    public var isValidEmail: Bool
    public var isAdvocate: Bool
    public var hasBought: Bool
    public var isReferred: Bool

    public init(isKnownCode: Bool, isOpen: Bool, isValidEmail: Bool, isAdvocate: Bool, hasBought: Bool, isReferred: Bool) {
        self.isKnownCode = isKnownCode
        self.isOpen = isOpen
        self.isValidEmail = isValidEmail
        self.isAdvocate = isAdvocate
        self.hasBought = hasBought
        self.isReferred = isReferred
    }

    /// The first reason against it, in the order in which reasons are told; nil: welcome. Referring oneself is told before being a customer, since
    /// advocates mostly are.
    public var refusal: ReferralReason? {
        if !isKnownCode { return .unknownCode }
        if !isOpen { return .programmeClosed }
        if !isValidEmail { return .invalidEmail }
        if isAdvocate { return .selfReferral }
        if hasBought { return .existingCustomer }
        if isReferred { return .alreadyReferred }
        return nil
    }
}
