/// Where a message stands.
public enum MessageState: String, Sendable, CaseIterable {
    /// Written down, not tried yet.
    case queued
    /// An attempt is being made now.
    case sending
    /// The last attempt failed for the moment; another follows at `next_attempt_at`.
    case deferred
    /// The receiving server took it.
    case sent
    /// The receiving server refused it for good.
    case bounced
    /// It was given up, without the receiver's doing: no mail could be made of it, or three days of trying were in vain.
    case failed
    /// An attempt was cut off and nobody knows whether the mail went out.
    case unknown
    /// It was not to be sent: `reason` says why.
    case suppressed

    /// Whether another attempt may be made.
    public var isOpen: Bool {
        switch self {
        case .queued, .sending, .deferred, .unknown: true
        case .sent, .bounced, .failed, .suppressed: false
        }
    }
}

/// Why a message was not sent. Stable codes.
public enum MessageReason: String, Sendable, CaseIterable {
    case noAddress = "no_address"
    case invalidAddress = "invalid_address"
    case suppressedAddress = "suppressed_address"
    case noConsent = "no_consent"
    case customerDeleted = "customer_deleted"
    case templateMissing = "template_missing"
    case templateBroken = "template_broken"
    case expired
    case unknownNotResent = "unknown_not_resent"
    case mailboxRefused = "mailbox_refused"
    case refused
    /// What ends its flow came before it went out.
    case flowExited = "flow_exited"
    /// Loyalty would not give the coupon that it was to carry.
    case couponRefused = "coupon_refused"
}
