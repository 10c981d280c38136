/// Why a referral was refused or moved by the rules; stable words of the API.
public enum ReferralReason: String, Sendable, CaseIterable {
    // Refusals, of claims and of orders that come with a code.
    case unknownCode = "unknown_code"
    case programmeClosed = "programme_closed"
    case invalidEmail = "invalid_email"
    case selfReferral = "self_referral"
    case existingCustomer = "existing_customer"
    case alreadyReferred = "already_referred"
    /// The order names nobody who could be somebody's friend.
    case unknownCustomer = "unknown_customer"
    // What becomes of the friend's order.
    case belowMinimum = "below_minimum"
    case refunded
    case cancelled
    case advocateLimit = "advocate_limit"
    // What moves a referral on.
    case claimed
    case orderCode = "order_code"
    case firstOrderPaid = "first_order_paid"
    case holdOver = "hold_over"
    /// By a merchant who gave no reason.
    case byHand = "by_hand"

    /// For people.
    public var detail: String {
        switch self {
        case .unknownCode: "There is no such referral code."
        case .programmeClosed: "The programme of this code takes nobody just now."
        case .invalidEmail: "This is no e-mail address that could be written to."
        case .selfReferral: "Nobody can refer themselves."
        case .existingCustomer: "Only those who never bought here can be referred."
        case .alreadyReferred: "This person was referred already."
        case .unknownCustomer: "The order names no customer."
        case .belowMinimum: "The order is below the programme's minimum."
        case .refunded: "The order was refunded."
        case .cancelled: "The order was cancelled."
        case .advocateLimit: "The advocate has had all the rewards of this period."
        case .claimed: "A friend claimed the code."
        case .orderCode: "An order came with the code."
        case .firstOrderPaid: "The friend's first order was paid."
        case .holdOver: "The hold is over."
        case .byHand: "By hand."
        }
    }
}
