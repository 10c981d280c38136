import Shared

/// What a shop promises both sides: "10 off a first order of 40 or more for the friend, 10 for the advocate". A referral keeps the terms it was made on.
public struct ReferralProgramme: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable { case open, closed }
    /// Who says yes once the hold is over.
    public enum Approval: String, Sendable, CaseIterable { case automatic, manual }
    public enum Attribution: String, Sendable, CaseIterable {
        case firstClick = "first_click"
        case lastClick = "last_click"
    }

    public var id: String
    public var name: String
    public var state: State
    public var terms: ReferralTerms
    public var attribution: Attribution
    public var windowDays: Int64
    public var maxPerAdvocate: AdvocateLimit?
    public var startsAt: Timestamp?
    /// Exclusive.
    public var endsAt: Timestamp?
    /// Where an advocate's link leads, instead of the shop's front page.
    public var landingURL: WebAddress?

    public static let longestHold: Int64 = 365

    /// Whether somebody can be referred at this moment.
    public func isOpen(at time: Timestamp) -> Bool {
        state == .open && startsAt.map { $0 <= time } ?? true && endsAt.map { time < $0 } ?? true
    }

    /// What a fresh suite has: 10.00 off a first order of 40.00 for the friend, 10.00 for the advocate, two weeks of hold.
    public static func standard(id: String) -> ReferralProgramme {
        let ten = Reward.discount(.fixed(amount: 1_000, currency: nil))
        return ReferralProgramme(
            id: id, name: "Refer a friend", state: .open,
            terms: ReferralTerms(friendReward: ten, advocateReward: ten, minimumOrder: 4_000, holdDays: 14, approval: .automatic),
            attribution: .lastClick, windowDays: 30)
    }

    public init(
        id: String, name: String, state: State, terms: ReferralTerms, attribution: Attribution, windowDays: Int64,
        maxPerAdvocate: AdvocateLimit? = nil, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil, landingURL: WebAddress? = nil
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.terms = terms
        self.attribution = attribution
        self.windowDays = windowDays
        self.maxPerAdvocate = maxPerAdvocate
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.landingURL = landingURL
    }

    /// Reads what ``json`` wrote, and what a merchant writes. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader, id: String) {
        reader.ignore("id", "created_at", "updated_at")
        let name = reader.requiredString("name", max: 255)
        let state = reader.choice("state", State.self) ?? .open
        if reader.raw("choices") != nil { reader.fail("choices", "not_supported_yet", "a choice of rewards comes later") }
        let terms = ReferralTerms(reader)
        let attribution = reader.choice("attribution", Attribution.self) ?? .lastClick
        let windowDays = reader.int("window_days", in: 1...365) ?? 30
        let limit = reader.reader("max_per_advocate").flatMap(AdvocateLimit.init)
        let startsAt = reader.timestamp("starts_at")
        let endsAt = reader.timestamp("ends_at")
        if let startsAt, let endsAt, endsAt <= startsAt { reader.fail("ends_at", "out_of_range", "must be after starts_at") }
        var landing: WebAddress?
        if let text = reader.string("landing_url", max: WebAddress.maximumLength, allowEmpty: false) {
            landing = WebAddress(text)
            if landing == nil { reader.fail("landing_url", "invalid_url", "an http or https address was expected") }
        }
        reader.refuseUnknown()
        guard reader.issues.isEmpty, let name, let terms else { return nil }
        self.init(
            id: id, name: name, state: state, terms: terms, attribution: attribution, windowDays: windowDays, maxPerAdvocate: limit,
            startsAt: startsAt, endsAt: endsAt, landingURL: landing)
    }

    /// Without the id.
    public var json: JSONObject {
        var object = JSONObject([.init(name: "name", value: .string(name)), .init(name: "state", value: .string(state.rawValue))])
        for member in terms.json.members { object.members.append(member) }
        object["attribution"] = .string(attribution.rawValue)
        object["window_days"] = .int(windowDays)
        object["max_per_advocate"] = maxPerAdvocate?.json ?? .null
        object["starts_at"] = .from(startsAt)
        object["ends_at"] = .from(endsAt)
        object["landing_url"] = .from(landingURL?.text)
        return object
    }
}

/// What a referral is judged and rewarded by; frozen when it is made.
public struct ReferralTerms: Sendable, Equatable {
    /// Nil: this side gets nothing.
    public var friendReward: Reward?
    public var advocateReward: Reward?
    /// The least `subtotal` of the friend's first order, minor units; 0: none.
    public var minimumOrder: Int64
    /// From the payment to the approval.
    public var holdDays: Int64
    public var approval: ReferralProgramme.Approval

    public init(
        friendReward: Reward?, advocateReward: Reward?, minimumOrder: Int64, holdDays: Int64, approval: ReferralProgramme.Approval
    ) {
        self.friendReward = friendReward
        self.advocateReward = advocateReward
        self.minimumOrder = minimumOrder
        self.holdDays = holdDays
        self.approval = approval
    }

    /// The friend's points come with the approval, a coupon with the claim: points for an address alone would be free for the asking.
    public var friendPoints: Reward? {
        if case .points? = friendReward { friendReward } else { nil }
    }

    public init?(_ reader: FieldReader) {
        let friend = Self.reward(reader, "friend_reward")
        let advocate = Self.reward(reader, "advocate_reward")
        if friend == nil, advocate == nil, reader.issues.isEmpty {
            reader.fail("friend_reward", "missing", "at least one side is rewarded")
        }
        let minimum = reader.amount("friend_minimum_order") ?? 0
        let hold = reader.int("hold_days", in: 0...ReferralProgramme.longestHold) ?? 14
        let approval = reader.choice("approval", ReferralProgramme.Approval.self) ?? .automatic
        guard reader.issues.isEmpty else { return nil }
        self.init(friendReward: friend, advocateReward: advocate, minimumOrder: minimum, holdDays: hold, approval: approval)
    }

    private static func reward(_ reader: FieldReader, _ name: String) -> Reward? {
        guard let side = reader.reader(name) else { return nil }
        guard !side.has("choices") else {
            side.fail("choices", "not_supported_yet", "a choice of rewards comes later")
            return nil
        }
        return Reward(side)
    }

    public var json: JSONObject {
        JSONObject([
            .init(name: "friend_reward", value: friendReward?.json ?? .null),
            .init(name: "friend_minimum_order", value: .int(minimumOrder)),
            .init(name: "advocate_reward", value: advocateReward?.json ?? .null),
            .init(name: "hold_days", value: .int(holdDays)),
            .init(name: "approval", value: .string(approval.rawValue)),
        ])
    }
}
