/// One service's order to loyalty-svc to give somebody a reward. Given once for its key, however often and by whichever way it is asked for: by call
/// (`POST /internal/v1/grants`) where the caller needs the code now, or in the `grants` of an event where it does not.
public struct Grant: Sendable, Equatable {
    /// Names the effect for ever, such as `referral:<id>:advocate`.
    public var key: String
    /// Whose it is. A coupon with neither is for whoever holds its code; points need one of the two.
    public var customerID: String?
    public var email: String?
    public var reward: Reward
    /// Why, in one word of the asking service: `referral`, `survey`, `flow`.
    public var reason: String
    /// What the merchant sees it called.
    public var name: String
    /// The coupon's terms; nothing to points.
    public var terms: CouponTerms
    /// What it comes from, by name: `{"referral_id": …}`. Passed on in what loyalty says of it.
    public var origin: JSONObject

    public static let maximumKeyLength = 255

    public init(
        key: String, customerID: String?, email: String?, reward: Reward, reason: String, name: String, terms: CouponTerms = CouponTerms(),
        origin: JSONObject = JSONObject()
    ) {
        self.key = key
        self.customerID = customerID
        self.email = email
        self.reward = reward
        self.reason = reason
        self.name = name
        self.terms = terms
        self.origin = origin
    }

    /// Reads what ``json`` wrote. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let key = reader.requiredString("key", max: Self.maximumKeyLength)
        let customerID = reader.string("customer_id", max: CloudEvent.maximumTextLength, allowEmpty: false)
        let email = reader.string("email", max: CustomerData.maximumEmail, allowEmpty: false)
        let reward = reader.require("reward", reader.reader("reward")).flatMap(Reward.init)
        let reason = reader.requiredString("reason", max: 64)
        let name = reader.requiredString("name", max: 255)
        let terms = reader.reader("terms").flatMap(CouponTerms.init) ?? CouponTerms()
        let origin = reader.reader("origin")?.object ?? JSONObject()
        reader.refuseUnknown()
        if case .points? = reward, customerID == nil, email == nil { reader.fail("customer_id", "missing", "points are for somebody") }
        guard reader.issues.isEmpty, let key, let reward, let reason, let name else { return nil }
        self.init(
            key: key, customerID: customerID, email: email, reward: reward, reason: reason, name: name, terms: terms, origin: origin)
    }

    public var json: JSON {
        [
            "key": .string(key), "customer_id": .from(customerID), "email": .from(email), "reward": reward.json, "reason": .string(reason),
            "name": .string(name), "terms": terms.json, "origin": .object(origin),
        ]
    }
}

/// On what terms a granted coupon is good. It is good once, for one order.
public struct CouponTerms: Sendable, Equatable {
    /// The least that a cart's items must come to, in minor units.
    public var minimumOrder: Int64?
    public var firstOrderOnly: Bool
    public var startsAt: Timestamp?
    /// Exclusive.
    public var endsAt: Timestamp?

    public init(minimumOrder: Int64? = nil, firstOrderOnly: Bool = false, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil) {
        self.minimumOrder = minimumOrder
        self.firstOrderOnly = firstOrderOnly
        self.startsAt = startsAt
        self.endsAt = endsAt
    }

    public init?(_ reader: FieldReader) {
        minimumOrder = reader.amount("minimum_order")
        firstOrderOnly = reader.bool("first_order_only") ?? false
        startsAt = reader.timestamp("starts_at")
        endsAt = reader.timestamp("ends_at")
        reader.refuseUnknown()
        guard reader.issues.isEmpty else { return nil }
    }

    public var json: JSON {
        [
            "minimum_order": .from(minimumOrder), "first_order_only": .bool(firstOrderOnly), "starts_at": .from(startsAt),
            "ends_at": .from(endsAt),
        ]
    }
}

/// What became of a grant: the answer to the call, and the data of `grant.issued`, `grant.refused` and `grant.revoked`.
public struct GrantOutcome: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        case issued
        /// It cannot be given; `code` says why.
        case refused
        /// It was given and taken back: an unused coupon is cancelled, points are clawed back by the programme's policy.
        case revoked
        /// It was to be taken back, and is used already.
        case spent
    }

    public var key: String
    public var state: State
    public var reason: String
    public var origin: JSONObject
    public var couponCode: String?
    public var points: Int64?
    /// Why it was refused.
    public var code: String?
    public var detail: String?

    public init(
        key: String, state: State, reason: String, origin: JSONObject = JSONObject(), couponCode: String? = nil, points: Int64? = nil,
        code: String? = nil, detail: String? = nil
    ) {
        self.key = key
        self.state = state
        self.reason = reason
        self.origin = origin
        self.couponCode = couponCode
        self.points = points
        self.code = code
        self.detail = detail
    }

    /// Reads what ``json`` wrote; nil for anything else.
    public init?(_ json: JSON) {
        guard let key = json["key"]?.string, let state = json["state"]?.string.flatMap(State.init(rawValue:)) else { return nil }
        self.init(
            key: key, state: state, reason: json["reason"]?.string ?? "", origin: json["origin"]?.object ?? JSONObject(),
            couponCode: json["coupon_code"]?.string, points: json["points"]?.int, code: json["code"]?.string, detail: json["detail"]?.string)
    }

    public var json: JSON {
        [
            "key": .string(key), "state": .string(state.rawValue), "reason": .string(reason), "origin": .object(origin),
            "coupon_code": .from(couponCode), "points": .from(points), "code": .from(code), "detail": .from(detail),
        ]
    }
}

/// The orders that an event carries to loyalty: `grants` to give, `revokes` (keys) to take back. Loyalty heeds them in events of the other services
/// (`source` under `vefa/`) and in nobody else's.
public enum GrantOrders {
    public static func data(grants: [Grant] = [], revokes: [String] = []) -> [JSONObject.Member] {
        var members: [JSONObject.Member] = []
        if !grants.isEmpty { members.append(.init(name: "grants", value: .array(grants.map(\.json)))) }
        if !revokes.isEmpty { members.append(.init(name: "revokes", value: .from(revokes))) }
        return members
    }
}
