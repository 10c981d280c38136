public import Shared

/// Whose cart it is, as far as one can tell: everything they go by. Empty for nobody in particular.
public struct CouponPerson: Sendable, Equatable {
    public var customerIDs: [String]
    public var emailKeys: [String]

    public static let nobody = CouponPerson()

    public init(customerIDs: [String] = [], emailKeys: [String] = []) {
        self.customerIDs = customerIDs
        self.emailKeys = emailKeys
    }

    public var isNobody: Bool { customerIDs.isEmpty && emailKeys.isEmpty }
}

/// A coupon as it stands for one cart: its rules, and what the store counts.
public struct CouponStanding: Sendable {
    public var rules: CouponRules
    /// Whose it is by its grant: either name will do.
    public var holderEmailKey: String?
    public var isCancelled = false
    /// Orders it was used for.
    public var redemptions: Int64 = 0
    /// Orders of this person that the batch was used for.
    public var redemptionsOfPerson: Int64 = 0
    /// Whether the person has another order, a cancelled one aside.
    public var hasOtherOrder = false
    /// Whether the person is in the segment that the coupon is for.
    public var isInSegment = false
    /// What its conditions came to; nil without any.
    public var conditions: ConditionVerdict?
    /// Where the order comes from, as far as the shop says.
    public var channel: String?
    /// Whether another discount of the order forbids this one, or this one it.
    public var isShutOut = false

    public init(_ rules: CouponRules, holderEmailKey: String? = nil) {
        self.rules = rules
        self.holderEmailKey = holderEmailKey
    }

    var hasHolder: Bool { rules.customerID != nil || holderEmailKey != nil }

    func isHeld(by person: CouponPerson) -> Bool {
        rules.customerID.map(person.customerIDs.contains) ?? false || holderEmailKey.map(person.emailKeys.contains) ?? false
    }
}

/// Whether a coupon is good for a cart, what it takes off, and everything that speaks against it.
public struct CouponVerdict: Sendable, Equatable {
    /// In the order in which they are told.
    public enum Reason: String, Sendable, CaseIterable {
        case notFound = "not_found"
        case cancelled
        case notStarted = "not_started"
        case expired, exhausted
        case customerLimit = "customer_limit"
        case minimumOrder = "minimum_order"
        case currencyMismatch = "currency_mismatch"
        case firstOrderOnly = "first_order_only"
        case wrongCustomer = "wrong_customer"
        case segmentOnly = "segment_only"
        case wrongChannel = "wrong_channel"
        case conditionsNotMet = "conditions_not_met"
        case productNotInCart = "product_not_in_cart"
        case noMatchingItems = "no_matching_items"
        case customerRequired = "customer_required"
        case notStackable = "not_stackable"

        /// Whether it lies in what has become of the coupon rather than in the cart or the customer.
        public var isState: Bool {
            switch self {
            case .cancelled, .exhausted, .customerLimit, .notStackable: true
            default: false
            }
        }
    }

    public struct Refusal: Sendable, Equatable {
        public let reason: Reason
        /// For people.
        public let detail: String
        /// Of conditions: which of them failed, and on what.
        public var verdict: JSON?

        /// The verdict of conditions shows what they are: that is the merchant's to know.
        public func json(withVerdict: Bool) -> JSON {
            var object = JSONObject([.init(name: "code", value: .string(reason.rawValue)), .init(name: "detail", value: .string(detail))])
            if withVerdict, let verdict { object["verdict"] = verdict }
            return .object(object)
        }
    }

    /// Empty where the coupon is good.
    public let refusals: [Refusal]
    /// Nothing unless it is good.
    public let worth: CouponWorth

    public var isValid: Bool { refusals.isEmpty }

    /// For a code that names no coupon.
    public static let notFound = CouponVerdict(
        refusals: [Refusal(reason: .notFound, detail: "There is no such coupon.")], worth: .nothing)

    init(refusals: [Refusal], worth: CouponWorth) {
        self.refusals = refusals
        self.worth = worth
    }

    public init(_ coupon: CouponStanding, cart: Cart, person: CouponPerson, now: Timestamp) {
        let rules = coupon.rules
        var refusals: [Refusal] = []
        func refuse(_ reason: Reason, _ detail: String) { refusals.append(Refusal(reason: reason, detail: detail)) }

        if coupon.isCancelled { refuse(.cancelled, "The coupon was cancelled.") }
        if let startsAt = rules.startsAt, now < startsAt { refuse(.notStarted, "The coupon is good from \(startsAt.rfc3339).") }
        if let endsAt = rules.endsAt, now >= endsAt { refuse(.expired, "The coupon was good until \(endsAt.rfc3339).") }
        if let most = rules.maxRedemptions, coupon.redemptions >= most { refuse(.exhausted, "The coupon is used up.") }
        if let most = rules.perCustomer, !person.isNobody, coupon.redemptionsOfPerson >= most {
            refuse(.customerLimit, "The customer has used it as often as one may.")
        }
        if let least = rules.minimumOrder, cart.total < least {
            refuse(.minimumOrder, "The cart comes to \(cart.total); \(least) is the least.")
        }
        if case .fixed(_, let currency) = rules.discount, CouponWorth.isMismatch(currency, cart.currency) {
            refuse(.currencyMismatch, "The coupon is in \(currency?.code ?? ""), the cart in \(cart.currency?.code ?? "").")
        }
        if rules.firstOrderOnly, coupon.hasOtherOrder { refuse(.firstOrderOnly, "The coupon is for a first order only.") }
        if coupon.hasHolder, !person.isNobody, !coupon.isHeld(by: person) { refuse(.wrongCustomer, "The coupon is somebody else's.") }
        if rules.segmentID != nil, !person.isNobody, !coupon.isInSegment {
            refuse(.segmentOnly, "The coupon is for certain customers.")
        }
        if !rules.channels.isEmpty, !(coupon.channel.map(rules.channels.contains) ?? false) {
            refuse(.wrongChannel, "The coupon is for \(rules.channels.joined(separator: ", ")).")
        }
        let isUnknown = person.isNobody && (rules.isAboutSomebody || coupon.hasHolder)
        if let verdict = coupon.conditions, !verdict.holds, !isUnknown {
            refusals.append(
                Refusal(reason: .conditionsNotMet, detail: "The coupon's conditions are not met.", verdict: verdict.json))
        }
        if !CartEffect(rules.discount, on: cart, items: rules.items).isAboutSomething {
            if case .product = rules.discount {
                refuse(.productNotInCart, "The product that it gives is not in the cart.")
            } else {
                refuse(.noMatchingItems, "The cart has nothing that the coupon is about.")
            }
        }
        if isUnknown {
            refuse(.customerRequired, "Whether the coupon is good depends on the customer.")
        }
        if coupon.isShutOut { refuse(.notStackable, "It does not go together with another discount of this order.") }
        self.init(refusals: refusals, worth: refusals.isEmpty ? CouponWorth(rules.discount, on: cart, items: rules.items) : .nothing)
    }

    public func reasons(withVerdict: Bool) -> JSON { .array(refusals.map { $0.json(withVerdict: withVerdict) }) }

    /// As `validate` answers it.
    public func json(_ cart: Cart, withVerdict: Bool) -> JSON {
        [
            "valid": .bool(isValid), "discount": .int(worth.discount), "free_shipping": .bool(worth.freeShipping),
            "items": worth.items(of: cart),
            "reasons": reasons(withVerdict: withVerdict),
        ]
    }
}
