public import Shared

/// Something a tier's members get beside points. Vefa keeps it and shows it; offers and rewards with `tiers` are what makes it happen at checkout.
public struct TierPerk: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case earlyAccess = "early_access"
        case gift
        case freeShipping = "free_shipping"
        case custom
    }

    public let kind: Kind
    public let name: String
    public let description: String?
    /// Of a gift.
    public let productID: String?
    /// Of free shipping: from which amount on, in minor units.
    public let minimumOrder: Int64?
    /// Of early access: how many hours before everybody else.
    public let hours: Int64?

    public init(
        kind: Kind, name: String, description: String? = nil, productID: String? = nil, minimumOrder: Int64? = nil, hours: Int64? = nil
    ) {
        self.kind = kind
        self.name = name
        self.description = description
        self.productID = productID
        self.minimumOrder = minimumOrder
        self.hours = hours
    }

    init?(_ reader: FieldReader) {
        let kind = reader.require("kind", reader.choice("kind", Kind.self))
        let name = reader.requiredString("name", max: 255)
        let description = reader.string("description", max: 2_000)
        let productID = reader.string("product_id", max: 255)
        let minimumOrder = reader.amount("minimum_order")
        let hours = reader.int("hours", in: 1...8_760)
        reader.refuseUnknown()
        guard let kind, let name else { return nil }
        if productID != nil, kind != .gift { reader.fail("product_id", "conflict", "only a gift is a product") }
        if minimumOrder != nil, kind != .freeShipping { reader.fail("minimum_order", "conflict", "only free shipping has one") }
        if hours != nil, kind != .earlyAccess { reader.fail("hours", "conflict", "only early access has them") }
        self.init(kind: kind, name: name, description: description, productID: productID, minimumOrder: minimumOrder, hours: hours)
    }

    public var json: JSON {
        var object = JSONObject([.init(name: "kind", value: .string(kind.rawValue)), .init(name: "name", value: .string(name))])
        if let description { object["description"] = .string(description) }
        if let productID { object["product_id"] = .string(productID) }
        if let minimumOrder { object["minimum_order"] = .int(minimumOrder) }
        if let hours { object["hours"] = .int(hours) }
        return .object(object)
    }
}
