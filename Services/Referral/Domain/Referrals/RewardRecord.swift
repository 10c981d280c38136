import Shared

/// One side's reward, from its order to loyalty-svc to what loyalty said of it.
public struct RewardRecord: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        case none
        /// Ordered; not heard of yet.
        case ordered
        case issued
        case refused
        /// To be taken back; not heard of yet.
        case revoking
        case revoked
        /// Taken back too late: it was used.
        case spent
    }

    public private(set) var state: State
    /// The grant's key; nil: never ordered.
    public private(set) var key: String?
    /// How often it was ordered. Each order after a revocation has a key of its own: a key is given once, for ever.
    public private(set) var turn: Int64
    public private(set) var couponCode: String?
    public private(set) var points: Int64?
    /// Why it was refused.
    public private(set) var code: String?

    public init() {
        state = .none
        turn = 0
    }

    /// A reward that was had by call.
    public init(issued outcome: GrantOutcome) {
        self.init()
        state = .issued
        key = outcome.key
        turn = 1
        couponCode = outcome.couponCode
        points = outcome.points
    }

    /// Whether it is out, or may be.
    public var isOut: Bool { [.ordered, .issued, .spent].contains(state) }
    /// Loyalty has not said yet what became of the revocation.
    public var isSettling: Bool { state == .revoking }

    /// Orders it, unless it is out already. Answers the key to order it by.
    public mutating func order(_ base: String) -> String? {
        guard !isOut, !isSettling else { return nil }
        turn += 1
        let key = turn == 1 ? base : "\(base):\(turn)"
        self.key = key
        state = .ordered
        couponCode = nil
        points = nil
        code = nil
        return key
    }

    /// Takes it back. Answers the key to revoke; nil where nothing is out.
    public mutating func revoke() -> String? {
        guard state == .ordered || state == .issued else { return nil }
        state = .revoking
        return key
    }

    /// Takes over what loyalty says; news of an earlier order changes nothing.
    public mutating func hear(_ outcome: GrantOutcome) {
        guard outcome.key == key else { return }
        if let coupon = outcome.couponCode { couponCode = coupon }
        if let points = outcome.points { self.points = points }
        switch outcome.state {
        case .issued: if state == .ordered { state = .issued }
        case .refused:
            state = .refused
            code = outcome.code
        case .revoked: state = .revoked
        case .spent: state = .spent
        }
    }

    public init(json: JSON) {
        state = json["state"]?.string.flatMap(State.init) ?? .none
        key = json["key"]?.string
        turn = json["turn"]?.int ?? 0
        couponCode = json["coupon_code"]?.string
        points = json["points"]?.int
        code = json["code"]?.string
    }

    public var json: JSON {
        [
            "state": .string(state.rawValue), "key": .from(key), "turn": .int(turn), "coupon_code": .from(couponCode),
            "points": .from(points),
            "code": .from(code),
        ]
    }
}
