public import Shared

extension CatalogueReward {
    public static let reserveRange: ClosedRange<Int64> = 1...43_200
    public static let couponDaysRange: ClosedRange<Int64> = 1...3_650
    public static let stockRange: ClosedRange<Int64> = 0...1_000_000_000
    /// Tiers, segments or channels of one reward.
    public static let mostNames = 200
    /// Bytes of JSON.
    public static let maximumMetadata = 8_192

    public init?(_ reader: FieldReader, id: String, version: Int64) {
        let name = reader.requiredString("name", max: 255)
        let points = reader.require("points", reader.int("points", in: PointsAward.pointsRange))
        let gift = RewardGift(reader)
        // Read with or without those three, so that a caller hears of everything that is wrong.
        self.init(id: id, version: version, name: name ?? "", points: points ?? 1, gift: gift ?? .fixed(amount: 1))
        readTerms(reader)
        reader.ignore("id", "version", "stock_left", "created_at", "updated_at")
        reader.refuseUnknown()
        guard reader.issues.isEmpty, name != nil, points != nil, gift != nil else { return nil }
    }

    private mutating func readTerms(_ reader: FieldReader) {
        currency = reader.currency("currency")
        minimumBalance = reader.int("minimum_balance", in: 0...Exact.maximumPoints)
        minimumOrder = reader.amount("minimum_order")
        stock = reader.int("stock", in: Self.stockRange)
        perMember = reader.reader("per_member").flatMap(RewardLimit.init)
        tiers = Self.names("tiers", reader)
        segments = Self.names("segments", reader)
        // As long as a coupon's may be, which has them from here.
        channels = Self.names("channels", reader, maxCount: CouponRules.mostChannels, maxLength: CouponRules.longestChannel)
        tierPoints = Self.prices(reader, tiers: tiers)
        conditions = reader.raw("conditions").flatMap {
            Condition.read($0, at: reader.pointer / "conditions", fields: .reward, issues: reader.issues)
        }
        startsAt = reader.timestamp("starts_at")
        endsAt = reader.timestamp("ends_at")
        if let startsAt, let endsAt, endsAt <= startsAt { reader.fail("ends_at", "out_of_range", "must be after starts_at") }
        reserveMinutes = reader.int("reserve_minutes", in: Self.reserveRange) ?? 60
        couponDays = reader.int("coupon_days", in: Self.couponDaysRange)
        if couponDays != nil, !gift.hasCoupon { reader.fail("coupon_days", "conflict", "a custom reward has no coupon") }
        state = reader.choice("state", State.self) ?? .active
        metadata = reader.reader("metadata")?.object ?? JSONObject()
        if JSON.object(metadata).bytes.count > Self.maximumMetadata {
            reader.fail("metadata", "too_long", "at most \(Self.maximumMetadata) bytes of JSON")
        }
    }

    /// A list of names, each once.
    private static func names(
        _ field: String, _ reader: FieldReader, maxCount: Int = mostNames, maxLength: Int = CloudEvent.maximumTextLength
    ) -> [String] {
        var names: [String] = []
        for (index, name) in (reader.strings(field, maxCount: maxCount, maxLength: maxLength) ?? []).enumerated() {
            if name.isEmpty { reader.issues.add(reader.pointer / field / index, "empty", "may not be empty") }
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Prices by tier's id. One for a tier that cannot have the reward would never be asked.
    private static func prices(_ reader: FieldReader, tiers: [String]) -> [String: Int64] {
        guard let prices = reader.reader("tier_points") else { return [:] }
        guard prices.object.members.count <= mostNames else {
            reader.fail("tier_points", "too_many", "at most \(mostNames)")
            return [:]
        }
        var read: [String: Int64] = [:]
        for member in prices.object.members {
            if !tiers.isEmpty, !tiers.contains(member.name) {
                prices.fail(member.name, "conflict", "this tier is none of the reward's tiers")
            }
            read[member.name] = prices.require(member.name, prices.int(member.name, in: PointsAward.pointsRange))
        }
        return read
    }

    public var json: JSONObject {
        var object = JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "name", value: .string(name)), .init(name: "points", value: .int(points)),
        ])
        object.members += gift.members
        object.members += [
            .init(name: "currency", value: .from(currency?.code)),
            .init(
                name: "tier_points",
                value: .object(JSONObject(tierPoints.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .int($0.value)) }))),
            .init(name: "minimum_balance", value: .from(minimumBalance)), .init(name: "minimum_order", value: .from(minimumOrder)),
            .init(name: "stock", value: .from(stock)), .init(name: "per_member", value: perMember?.json ?? .null),
            .init(name: "tiers", value: .from(tiers)), .init(name: "segments", value: .from(segments)),
            .init(name: "channels", value: .from(channels)), .init(name: "conditions", value: conditions?.json ?? .null),
            .init(name: "starts_at", value: .from(startsAt)), .init(name: "ends_at", value: .from(endsAt)),
            .init(name: "reserve_minutes", value: .int(reserveMinutes)), .init(name: "coupon_days", value: .from(couponDays)),
            .init(name: "state", value: .string(state.rawValue)), .init(name: "metadata", value: .object(metadata)),
            .init(name: "version", value: .int(version)),
        ]
        return object
    }
}

extension ConditionFields {
    /// What a reward may ask of the member who wants it.
    public static let reward = ConditionFields([
        "customer.*", "points.balance", "points.pending", "points.lifetime_earned", "points.lifetime_spent", "tier.id", "tier.name",
        "orders.count", "orders.total", "orders.first_at", "orders.last_at", "segments",
    ])
}
