public import Shared

/// What a coupon gives and on what terms.
public struct CouponRules: Sendable, Equatable {
    /// What the merchant calls it.
    public var name: String
    public var discount: Discount
    /// The least that a cart must come to, in minor units of the cart's currency.
    public var minimumOrder: Int64?
    /// How many orders one code is good for; nil for any number.
    public var maxRedemptions: Int64?
    /// How many orders of one person the whole batch is good for; nil for any number.
    public var perCustomer: Int64?
    public var firstOrderOnly: Bool
    /// The one customer it is for.
    public var customerID: String?
    /// The segment that those it is for are in.
    public var segmentID: String?
    public var conditions: Condition?
    /// The lines it is about; nil for the whole cart.
    public var items: ItemScope?
    /// Orders of any of these channels; empty for all.
    public var channels: [String] = []
    public var startsAt: Timestamp?
    /// Exclusive.
    public var endsAt: Timestamp?
    public var stacking: StackingRule
    public var metadata: JSONObject

    public static let limitRange: ClosedRange<Int64> = 1...1_000_000_000
    /// Bytes of JSON.
    public static let maximumMetadata = 8_192

    public init(
        name: String, discount: Discount, minimumOrder: Int64? = nil, maxRedemptions: Int64? = nil, perCustomer: Int64? = nil,
        firstOrderOnly: Bool = false, customerID: String? = nil, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil,
        stacking: StackingRule = .all, metadata: JSONObject = JSONObject()
    ) {
        self.name = name
        self.discount = discount
        self.minimumOrder = minimumOrder
        self.maxRedemptions = maxRedemptions
        self.perCustomer = perCustomer
        self.firstOrderOnly = firstOrderOnly
        self.customerID = customerID
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.stacking = stacking
        self.metadata = metadata
    }

    /// A granted coupon's: good once.
    public init(_ discount: Discount, name: String, terms: CouponTerms) {
        self.init(
            name: name, discount: discount, minimumOrder: terms.minimumOrder, maxRedemptions: 1, firstOrderOnly: terms.firstOrderOnly,
            startsAt: terms.startsAt, endsAt: terms.endsAt)
    }

    /// True where the rules cannot be checked without knowing whose cart it is.
    var isAboutSomebody: Bool {
        perCustomer != nil || firstOrderOnly || customerID != nil || segmentID != nil
            || !(conditions?.roots ?? []).isDisjoint(with: ConditionFields.memberRoots)
    }
}

extension CouponRules {
    /// Reads what ``members`` wrote, or a new batch's body; what belongs to its codes is read by others. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let name = reader.requiredString("name", max: 255)
        let discount = reader.require("discount", reader.reader("discount")).flatMap(Discount.init)
        let minimumOrder = reader.amount("minimum_order")
        let maxRedemptions = reader.int("max_redemptions", in: Self.limitRange)
        let perCustomer = reader.int("per_customer", in: Self.limitRange)
        let firstOrderOnly = reader.bool("first_order_only") ?? false
        let customerID = reader.string("customer_id", max: CloudEvent.maximumTextLength, allowEmpty: false)
        let startsAt = reader.timestamp("starts_at")
        let endsAt = reader.timestamp("ends_at")
        let segmentID = reader.string("segment_id", max: 255, allowEmpty: false)
        let conditions = Self.conditions(reader)
        let items = ItemScope.read(reader)
        let channels = Self.channels(reader) ?? []
        let stacking = StackingRule.read(reader) ?? .all
        let metadata = Self.metadata(reader) ?? JSONObject()
        if items != nil, discount == .freeShipping { reader.fail("items", "conflict", "free shipping is about the whole order") }
        Self.checkWindow(startsAt, endsAt, reader)
        guard reader.issues.isEmpty, let name, let discount else { return nil }
        self.init(
            name: name, discount: discount, minimumOrder: minimumOrder, maxRedemptions: maxRedemptions, perCustomer: perCustomer,
            firstOrderOnly: firstOrderOnly, customerID: customerID, startsAt: startsAt, endsAt: endsAt, stacking: stacking,
            metadata: metadata)
        self.segmentID = segmentID
        self.conditions = conditions
        self.items = items
        self.channels = channels
    }

    /// These rules with what a PUT says changed: what it leaves out stays, `null` clears. What a coupon gives and to whom was promised when its codes
    /// went out: that stays as it is.
    public func changed(by reader: FieldReader) -> CouponRules {
        func read<Value>(_ name: String, _ said: Value?, else present: Value?) -> Value? { reader.has(name) ? said : present }
        var result = self
        if reader.has("name"), let name = reader.requiredString("name", max: 255) { result.name = name }
        result.minimumOrder = read("minimum_order", reader.amount("minimum_order"), else: minimumOrder)
        result.maxRedemptions = read("max_redemptions", reader.int("max_redemptions", in: Self.limitRange), else: maxRedemptions)
        result.perCustomer = read("per_customer", reader.int("per_customer", in: Self.limitRange), else: perCustomer)
        result.firstOrderOnly = read("first_order_only", reader.bool("first_order_only"), else: firstOrderOnly) ?? false
        result.startsAt = read("starts_at", reader.timestamp("starts_at"), else: startsAt)
        result.endsAt = read("ends_at", reader.timestamp("ends_at"), else: endsAt)
        result.conditions = read("conditions", Self.conditions(reader), else: conditions)
        result.channels = read("channels", Self.channels(reader), else: channels) ?? []
        result.stacking = read("stacking", StackingRule.read(reader), else: stacking) ?? .all
        result.metadata = read("metadata", Self.metadata(reader), else: metadata) ?? JSONObject()
        refuseOthers(reader)
        Self.checkWindow(result.startsAt, result.endsAt, reader)
        let isDiscountCleared = reader.has("discount") && reader.raw("discount") == nil
        let isOtherDiscount = reader.reader("discount").flatMap(Discount.init).map { $0.inCurrency(of: discount) != discount } ?? false
        if isDiscountCleared || isOtherDiscount {
            reader.fail("discount", "immutable", "codes went out with this discount; cancel the batch and make another")
        }
        let saidCustomer = reader.string("customer_id", max: CloudEvent.maximumTextLength)
        let isCustomerCleared = reader.has("customer_id") && reader.raw("customer_id") == nil && customerID != nil
        if isCustomerCleared || saidCustomer.map({ $0 != customerID }) ?? false {
            reader.fail("customer_id", "immutable", "the codes are this customer's; cancel the batch and make another")
        }
        return result
    }

    /// Whose the coupons are, and what of a cart they are about, goes with their discount.
    private func refuseOthers(_ reader: FieldReader) {
        let segment = reader.string("segment_id", max: 255)
        if reader.has("segment_id"), segment != segmentID {
            reader.fail("segment_id", "immutable", "the codes are this segment's; cancel the batch and make another")
        }
        let said = ItemScope.read(reader)
        if reader.has("items"), said != items {
            reader.fail("items", "immutable", "codes went out for these items; cancel the batch and make another")
        }
    }

    private static func conditions(_ reader: FieldReader) -> Condition? {
        reader.raw("conditions").flatMap { Condition.read($0, at: reader.pointer / "conditions", fields: .cart, issues: reader.issues) }
    }

    static let mostChannels = 100
    static let longestChannel = 64

    private static func channels(_ reader: FieldReader) -> [String]? {
        reader.strings("channels", maxCount: mostChannels, maxLength: longestChannel)
    }

    static func metadata(_ reader: FieldReader) -> JSONObject? {
        guard let object = reader.reader("metadata")?.object else { return nil }
        if JSON.object(object).bytes.count > maximumMetadata {
            reader.fail("metadata", "too_long", "at most \(maximumMetadata) bytes of JSON")
        }
        return object
    }

    private static func checkWindow(_ startsAt: Timestamp?, _ endsAt: Timestamp?, _ reader: FieldReader) {
        guard let startsAt, let endsAt, endsAt <= startsAt else { return }
        reader.fail("ends_at", "out_of_range", "it ends before it starts")
    }

    /// As kept and as the API answers them.
    public var members: [JSONObject.Member] {
        [
            .init(name: "name", value: .string(name)), .init(name: "discount", value: discount.json),
            .init(name: "minimum_order", value: .from(minimumOrder)), .init(name: "max_redemptions", value: .from(maxRedemptions)),
            .init(name: "per_customer", value: .from(perCustomer)), .init(name: "first_order_only", value: .bool(firstOrderOnly)),
            .init(name: "customer_id", value: .from(customerID)), .init(name: "segment_id", value: .from(segmentID)),
            .init(name: "conditions", value: conditions?.json ?? .null), .init(name: "items", value: items?.json ?? .null),
            .init(name: "channels", value: .from(channels)), .init(name: "starts_at", value: .from(startsAt)),
            .init(name: "ends_at", value: .from(endsAt)), .init(name: "stacking", value: stacking.json),
            .init(name: "metadata", value: .object(metadata)),
        ]
    }
}

extension Discount {
    /// A fixed amount without a currency counts in this one; everything else stays as it is.
    public func inCurrency(_ currency: Currency?) -> Discount {
        if case .fixed(let amount, nil) = self { .fixed(amount: amount, currency: currency) } else { self }
    }

    fileprivate func inCurrency(of other: Discount) -> Discount {
        if case .fixed(_, let currency) = other { inCurrency(currency) } else { self }
    }
}

/// Where a coupon stands, in a word.
public enum CouponState: String, Sendable, CaseIterable {
    case active, redeemed, expired, cancelled
    case notStarted = "not_started"

    /// A coupon that is used up is redeemed, whatever became of it afterwards.
    public init(_ rules: CouponRules, redemptions: Int64, isCancelled: Bool, now: Timestamp) {
        if let most = rules.maxRedemptions, redemptions >= most {
            self = .redeemed
        } else if isCancelled {
            self = .cancelled
        } else if let endsAt = rules.endsAt, endsAt <= now {
            self = .expired
        } else if let startsAt = rules.startsAt, startsAt > now {
            self = .notStarted
        } else {
            self = .active
        }
    }
}
