public import Shared

/// Who looks at an offer, and from where.
public struct OfferAudience: Sendable {
    public var isNobody: Bool
    public var tierID: String?
    public var segments: Set<String>
    public var place: Place
    public var channel: String?

    public init(isNobody: Bool = true, tierID: String? = nil, segments: Set<String> = [], place: Place = Place(), channel: String? = nil) {
        self.isNobody = isNobody
        self.tierID = tierID
        self.segments = segments
        self.place = place
        self.channel = channel
    }
}

/// An offer as it stands for one cart: its terms, and what the store counts.
public struct OfferStanding: Sendable {
    public let offer: Offer
    /// Orders that have it.
    public var uses: Int64 = 0
    /// Orders of this person in the present period that have it.
    public var usesOfPerson: Int64 = 0
    /// What its conditions came to; nil without any.
    public var conditions: ConditionVerdict?
    /// What amounts without a currency count in.
    public var currency: Currency?
    /// Whether something else on the order forbids it, or it that.
    public var isShutOut = false

    public init(_ offer: Offer) { self.offer = offer }
}

/// Whether an offer is good for a cart, and everything that speaks against it.
public struct OfferVerdict: Sendable {
    /// In the order in which they are told.
    public enum Reason: String, Sendable, CaseIterable {
        case paused
        case notStarted = "not_started"
        case ended
        case outsideSchedule = "outside_schedule"
        case exhausted
        case customerLimit = "customer_limit"
        case minimumOrder = "minimum_order"
        case currencyMismatch = "currency_mismatch"
        case wrongPlace = "wrong_place"
        case wrongChannel = "wrong_channel"
        case tierOnly = "tier_only"
        case segmentOnly = "segment_only"
        case conditionsNotMet = "conditions_not_met"
        case noMatchingItems = "no_matching_items"
        case customerRequired = "customer_required"
        case notStackable = "not_stackable"
        /// It would be good, and others together are better.
        case notChosen = "not_chosen"

        /// Whether it lies in what has become of the offer rather than in the cart or the customer.
        public var isState: Bool {
            switch self {
            case .paused, .exhausted, .customerLimit, .notStackable: true
            default: false
            }
        }

        /// Whether the shopper may hear of the offer all the same: more in the cart, and it is theirs.
        public var isAboutTheCart: Bool {
            switch self {
            case .minimumOrder, .noMatchingItems, .notChosen: true
            default: false
            }
        }
    }

    public struct Refusal: Sendable, Equatable {
        public let reason: Reason
        /// For people.
        public let detail: String
        public var verdict: JSON?

        public init(_ reason: Reason, _ detail: String, verdict: JSON? = nil) {
            self.reason = reason
            self.detail = detail
            self.verdict = verdict
        }

        /// The verdict of conditions shows what they are: that is the merchant's to know.
        public func json(withVerdict: Bool) -> JSON {
            var object = JSONObject([.init(name: "code", value: .string(reason.rawValue)), .init(name: "detail", value: .string(detail))])
            if withVerdict, let verdict { object["verdict"] = verdict }
            return .object(object)
        }
    }

    public var refusals: [Refusal]
    /// What the cart lacks of the least it must come to.
    public let missing: Int64?

    public var isGood: Bool { refusals.isEmpty }
    /// Whether nothing but the cart's worth is missing.
    public var lacksOnlyTheMinimum: Bool { refusals.map(\.reason) == [.minimumOrder] }

    public init(_ standing: OfferStanding, cart: Cart, audience: OfferAudience, now: Timestamp, zone: ZoneRules) {
        let offer = standing.offer
        var refusals: [Refusal] = []
        func refuse(_ reason: Reason, _ detail: String, _ verdict: JSON? = nil) {
            refusals.append(Refusal(reason, detail, verdict: verdict))
        }
        if offer.state == .paused { refuse(.paused, "The offer is paused.") }
        if let startsAt = offer.startsAt, now < startsAt { refuse(.notStarted, "The offer is good from \(startsAt.rfc3339).") }
        if let endsAt = offer.endsAt, now >= endsAt { refuse(.ended, "The offer was good until \(endsAt.rfc3339).") }
        if let schedule = offer.schedule, !schedule.contains(now, zone: zone) {
            refuse(.outsideSchedule, "The offer is not good at this hour or on this day.")
        }
        if let most = offer.maxUses, standing.uses >= most { refuse(.exhausted, "The offer is used up.") }
        if let frequency = offer.perCustomer, !audience.isNobody, standing.usesOfPerson >= frequency.times {
            refuse(.customerLimit, "The customer has had it as often as one may.")
        }
        let missing = offer.minimumOrder.map { max(0, $0 - cart.total) } ?? 0
        if missing > 0 {
            refuse(.minimumOrder, "The cart comes to \(cart.total); \(offer.minimumOrder ?? 0) is the least.")
        }
        self.missing = missing > 0 ? missing : nil
        if offer.needsCurrency, CouponWorth.isMismatch(offer.gives.currency ?? standing.currency, cart.currency) {
            refuse(.currencyMismatch, "The offer is in another currency than the cart.")
        }
        if case .priceAdjustment(let adjustment) = offer.gives, !adjustment.place.contains(audience.place) {
            refuse(.wrongPlace, "The price is another place's.")
        }
        if !offer.channels.isEmpty, !(audience.channel.map(offer.channels.contains) ?? false) {
            refuse(.wrongChannel, "The offer is for \(offer.channels.joined(separator: ", ")).")
        }
        let isUnknown = audience.isNobody && offer.isAboutSomebody
        if !isUnknown, !offer.tiers.isEmpty, !(audience.tierID.map(offer.tiers.contains) ?? false) {
            refuse(.tierOnly, "The offer is for members of certain tiers.")
        }
        if !isUnknown, !offer.segments.isEmpty, audience.segments.isDisjoint(with: offer.segments) {
            refuse(.segmentOnly, "The offer is for certain customers.")
        }
        if !isUnknown, let verdict = standing.conditions, !verdict.holds {
            refuse(.conditionsNotMet, "The offer's conditions are not met.", verdict.json)
        }
        if let effect = offer.effect(on: cart), !effect.isAboutSomething {
            refuse(.noMatchingItems, "The cart has nothing that the offer is about.")
        }
        if isUnknown { refuse(.customerRequired, "Whether the offer is good depends on the customer.") }
        if standing.isShutOut { refuse(.notStackable, "It does not go together with another discount of this order.") }
        self.refusals = refusals
    }
}

extension Offer {
    /// Whether an amount of it, or the least a cart must come to, counts in one currency.
    fileprivate var needsCurrency: Bool {
        if minimumOrder != nil { return true }
        switch gives {
        case .fixed, .percent(_, .some): return true
        case .priceAdjustment(let adjustment): if case .amount = adjustment.change { return true } else { return false }
        default: return false
        }
    }
}
