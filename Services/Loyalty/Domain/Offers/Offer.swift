public import Shared

/// Something a cart gets by itself, without a code.
public struct Offer: Definition {
    public static let kind = "offer"
    public static let idPrefix = "offer"
    public static let noun = "offer"

    public enum State: String, Sendable, CaseIterable { case active, paused }

    public let id: String
    public let version: Int64
    public var name: String
    public var gives: OfferKind
    public var state = State.active
    /// The least that the cart must come to, in minor units of its currency.
    public var minimumOrder: Int64?
    public var conditions: Condition?
    /// The lines it is about; nil for the whole cart.
    public var items: ItemScope?
    public var schedule: OfferSchedule?
    public var startsAt: Timestamp?
    /// Exclusive.
    public var endsAt: Timestamp?
    public var perCustomer: OfferFrequency?
    /// How many orders may have it in all.
    public var maxUses: Int64?
    /// Members of any of these tiers; empty for everybody.
    public var tiers: [String] = []
    /// Those in any of these segments; empty for everybody.
    public var segments: [String] = []
    /// Orders of any of these channels; empty for all.
    public var channels: [String] = []
    /// The higher comes first.
    public var priority: Int64 = 0
    public var stacking = StackingRule.all
    public var metadata = JSONObject()

    public static let priorityRange: ClosedRange<Int64> = -1_000...1_000

    public init(id: String, version: Int64, name: String, gives: OfferKind) {
        self.id = id
        self.version = version
        self.name = name
        self.gives = gives
    }

    /// Whether it cannot be answered without knowing whose cart it is.
    public var isAboutSomebody: Bool {
        perCustomer != nil || !tiers.isEmpty || !segments.isEmpty
            || !(conditions?.roots ?? []).isDisjoint(with: ConditionFields.memberRoots)
    }

    /// Whether it is on at all at a moment.
    public func isCurrent(_ now: Timestamp) -> Bool {
        state == .active && (startsAt.map { now >= $0 } ?? true) && (endsAt.map { now < $0 } ?? true)
    }

    public init?(_ reader: FieldReader, id: String, version: Int64) {
        let name = reader.requiredString("name", max: 255)
        let gives = reader.require("kind", reader.choice("kind", OfferKind.Name.self)).flatMap { OfferKind($0, reader) }
        self.init(id: id, version: version, name: name ?? "", gives: gives ?? .freeShipping)
        state = reader.choice("state", State.self) ?? .active
        minimumOrder = reader.amount("minimum_order")
        conditions = reader.raw("conditions").flatMap {
            Condition.read($0, at: reader.pointer / "conditions", fields: .cart, issues: reader.issues)
        }
        items = ItemScope.read(reader)
        schedule = reader.reader("schedule").flatMap(OfferSchedule.init)
        startsAt = reader.timestamp("starts_at")
        endsAt = reader.timestamp("ends_at")
        perCustomer = reader.reader("per_customer").flatMap(OfferFrequency.init)
        maxUses = reader.int("max_uses", in: CouponRules.limitRange)
        tiers = reader.strings("tiers", maxCount: 100) ?? []
        segments = reader.strings("segments", maxCount: 100) ?? []
        channels = reader.strings("channels", maxCount: 100, maxLength: 64) ?? []
        priority = reader.int("priority", in: Self.priorityRange) ?? 0
        stacking = StackingRule.read(reader) ?? .all
        metadata = CouponRules.metadata(reader) ?? JSONObject()
        reader.ignore("id", "version", "created_at", "updated_at", "uses")
        reader.refuseUnknown()
        refuseContradictions(reader)
        guard reader.issues.isEmpty, gives != nil else { return nil }
    }

    /// What no cart could ever meet, or nobody could mean.
    private func refuseContradictions(_ reader: FieldReader) {
        if let startsAt, let endsAt, endsAt <= startsAt { reader.fail("ends_at", "out_of_range", "it ends before it starts") }
        switch gives {
        case .gift, .freeShipping:
            if items != nil { reader.fail("items", "conflict", "this kind is about the whole order; use conditions over cart.items") }
        case .buyGet:
            if items != nil { reader.fail("items", "conflict", "say which items in buy and get") }
        case .priceAdjustment:
            if stacking != .all { reader.fail("stacking", "conflict", "a price in a place goes with everything") }
            if perCustomer != nil { reader.fail("per_customer", "conflict", "a price in a place is not used up") }
            if maxUses != nil { reader.fail("max_uses", "conflict", "a price in a place is not used up") }
        case .percent, .fixed: break
        }
    }

    public var json: JSONObject {
        var members: [JSONObject.Member] = [
            .init(name: "id", value: .string(id)), .init(name: "name", value: .string(name)),
            .init(name: "kind", value: .string(gives.name.rawValue)),
        ]
        members += gives.members
        members += [
            .init(name: "state", value: .string(state.rawValue)), .init(name: "minimum_order", value: .from(minimumOrder)),
            .init(name: "conditions", value: conditions?.json ?? .null), .init(name: "items", value: items?.json ?? .null),
            .init(name: "schedule", value: schedule?.json ?? .null), .init(name: "starts_at", value: .from(startsAt)),
            .init(name: "ends_at", value: .from(endsAt)), .init(name: "per_customer", value: perCustomer?.json ?? .null),
            .init(name: "max_uses", value: .from(maxUses)), .init(name: "tiers", value: .from(tiers)),
            .init(name: "segments", value: .from(segments)), .init(name: "channels", value: .from(channels)),
            .init(name: "priority", value: .int(priority)), .init(name: "stacking", value: stacking.json),
            .init(name: "metadata", value: .object(metadata)), .init(name: "version", value: .int(version)),
        ]
        return JSONObject(members)
    }
}

extension Offer {
    /// What it does to a cart; nil for a price, which is no discount. A currency that does not fit is for others to refuse.
    public func effect(on cart: Cart) -> CartEffect? {
        let lines = items?.lines(of: cart)
        switch gives {
        case .percent(let basisPoints, let maximum): return CartEffect(.percent(basisPoints: basisPoints, maximum: maximum), lines: lines)
        case .fixed(let amount, _): return CartEffect(.fixed(amount), lines: lines)
        case .freeShipping: return CartEffect(.freeShipping)
        case .gift: return CartEffect(.gift)
        case .buyGet(let terms, let buy, let get):
            return CartEffect(.buyGet(terms), lines: buy?.lines(of: cart), getLines: get?.lines(of: cart))
        case .priceAdjustment: return nil
        }
    }
}
