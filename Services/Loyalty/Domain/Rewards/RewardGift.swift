public import Shared

/// What a reward is, once a member has it. Amounts are minor units of the reward's currency.
public enum RewardGift: Sendable, Hashable {
    case fixed(amount: Int64)
    /// A share in basis points (1250 is 12.5 %), at most `maximum`.
    case percent(basisPoints: Int64, maximum: Int64?)
    case freeShipping
    /// One of this product, free.
    case product(id: String)
    case giftCard(amount: Int64)
    /// Whatever the shop hands out by itself.
    case custom

    public enum Kind: String, Sendable, CaseIterable {
        case fixed, percent, product, custom
        case freeShipping = "free_shipping"
        case giftCard = "gift_card"

        /// The fields that say how much of it there is.
        var fields: [String] {
            switch self {
            case .fixed, .giftCard: ["amount"]
            case .percent: ["percent", "maximum"]
            case .product: ["product_id"]
            case .freeShipping, .custom: []
            }
        }
    }

    public var kind: Kind {
        switch self {
        case .fixed: .fixed
        case .percent: .percent
        case .freeShipping: .freeShipping
        case .product: .product
        case .giftCard: .giftCard
        case .custom: .custom
        }
    }

    /// True where it is handed over by a coupon.
    public var hasCoupon: Bool { self != .custom }
}

extension RewardGift {
    private static let allFields = ["amount", "percent", "maximum", "product_id"]

    /// Reads `kind` and what belongs to it; what belongs to another kind is refused. What is wrong is noted, and answers nil.
    init?(_ reader: FieldReader) {
        let kind = reader.require("kind", reader.choice("kind", Kind.self))
        let amount = reader.int("amount", in: 1...FieldReader.maximumAmount)
        let percent = reader.double("percent", in: 0.01...100)
        let maximum = reader.int("maximum", in: 1...FieldReader.maximumAmount)
        let productID = reader.string("product_id", max: CloudEvent.maximumTextLength, allowEmpty: false)
        guard let kind else { return nil }
        for name in Self.allFields where !kind.fields.contains(name) && reader.raw(name) != nil {
            reader.fail(name, "conflict", "a reward of the kind \(kind.rawValue) has no \(name)")
        }
        switch kind {
        case .fixed:
            guard let amount = reader.require("amount", amount) else { return nil }
            self = .fixed(amount: amount)
        case .giftCard:
            guard let amount = reader.require("amount", amount) else { return nil }
            self = .giftCard(amount: amount)
        case .percent:
            guard let percent = reader.require("percent", percent) else { return nil }
            let points = (percent * 100).rounded()
            guard abs(percent * 100 - points) < 1e-6 else {
                reader.fail("percent", "too_precise", "at most two decimals")
                return nil
            }
            self = .percent(basisPoints: Int64(points), maximum: maximum)
        case .product:
            guard let productID = reader.require("product_id", productID) else { return nil }
            self = .product(id: productID)
        case .freeShipping: self = .freeShipping
        case .custom: self = .custom
        }
    }

    /// Every field there is, those of other kinds null.
    public var members: [JSONObject.Member] {
        var amount: Int64?
        var percent: JSON = .null
        var maximum: Int64?
        var productID: String?
        switch self {
        case .fixed(let said), .giftCard(let said): amount = said
        case .percent(let basisPoints, let most):
            percent = basisPoints % 100 == 0 ? .int(basisPoints / 100) : .double(Double(basisPoints) / 100)
            maximum = most
        case .product(let id): productID = id
        case .freeShipping, .custom: break
        }
        return [
            .init(name: "kind", value: .string(kind.rawValue)), .init(name: "amount", value: .from(amount)),
            .init(name: "percent", value: percent), .init(name: "maximum", value: .from(maximum)),
            .init(name: "product_id", value: .from(productID)),
        ]
    }
}
