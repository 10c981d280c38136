import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Whose cart it is, read as far as somebody asks and not twice.
struct Shopper {
    private let id: String?
    private let email: String?
    private let db: SQLConnection
    private var knownMember: CustomerRecord??
    private var knownBuyer: CouponBuyer?
    private var knownSegments: Set<String>?
    private var facts: MemberFacts?

    init(id: String?, email: String?, _ db: SQLConnection) {
        self.id = id
        self.email = email
        self.db = db
    }

    init(_ buyer: CouponBuyer, _ db: SQLConnection) {
        self.init(id: buyer.customerID, email: nil, db)
        knownBuyer = buyer
    }

    var isNobody: Bool { id == nil && email == nil }

    /// Whether an order of theirs would name them by a customer's id.
    var isNamed: Bool { id.map { !Guest.isGuest($0) } ?? false }

    /// Whether an order of theirs is a guest's: nobody is one yet, and could still sign in.
    func isGuest(_ member: CustomerRecord?) -> Bool {
        if let member { return member.customer.isGuest }
        return id.map { Guest.isGuest($0) } ?? (email != nil)
    }

    /// The customer of the id, else of the e-mail; nil for nobody in particular and for whom nobody knows.
    mutating func member() throws -> CustomerRecord? {
        if let knownMember { return knownMember }
        let id = try id ?? (email == nil ? nil : buyer().customerID)
        let found = try id.flatMap { try CustomerStore.find($0, db) }.flatMap { $0.customer.deletedAt == nil ? $0 : nil }
        knownMember = .some(found)
        return found
    }

    /// Everything they go by.
    mutating func buyer() throws -> CouponBuyer {
        if let knownBuyer { return knownBuyer }
        let known = knownMember.flatMap { $0?.customer }
        let buyer = try CouponBuyer(customerID: id, email: email, known: known, db)
        knownBuyer = buyer
        return buyer
    }

    mutating func segments() throws -> Set<String> {
        if let knownSegments { return knownSegments }
        let segments = try member().map { Set(try SegmentMembership.ids(of: $0.customer.id, db)) } ?? []
        knownSegments = segments
        return segments
    }

    /// What a condition over a cart comes to.
    mutating func verdict(_ condition: Condition, _ setting: CartSetting) throws -> ConditionVerdict {
        guard let member = try member() else { return condition.verdict(ConditionFacts(setting.strangerFacts, now: setting.now)) }
        var facts = facts ?? MemberFacts(member, setting.catalogue, now: setting.now, db)
        facts.exceptOrderID = setting.orderID
        for (root, document) in setting.facts { facts.documents[root] = document }
        let seen = try facts.facts(for: condition.roots)
        self.facts = facts
        return condition.verdict(seen)
    }
}

/// A cart, when and where.
struct CartSetting {
    let catalogue: Catalogue
    let now: Timestamp
    let place: Place
    let channel: String?
    /// The order that the cart has become; nil while it is a cart.
    let orderID: String?
    /// What conditions see as `cart`, `place` and `time`, as far as any asks for it.
    let facts: [String: JSON]

    /// `conditions` are those that will be asked. Where the shop names no place and they ask for one, it is where the shopper lives.
    init(
        _ cart: Cart, _ shopper: inout Shopper, place: Place?, channel: String?, for conditions: [Condition?], orderID: String? = nil,
        _ catalogue: Catalogue, now: Timestamp
    ) throws {
        let roots = conditions.reduce(into: Set<String>()) { $0.formUnion($1?.roots ?? []) }
        self.catalogue = catalogue
        self.now = now
        self.place = try place ?? (roots.contains("place") ? shopper.place : Place())
        self.channel = channel
        self.orderID = orderID
        var facts: [String: JSON] = [:]
        if roots.contains("cart") { facts["cart"] = cart.facts(channel: channel) }
        if roots.contains("place") { facts["place"] = self.place.json }
        if roots.contains("time") { facts["time"] = LocalMoment(now, zone: catalogue.zone).facts }
        self.facts = facts
    }

    /// Of somebody who never was here all figures are 0.
    var strangerFacts: [String: JSON] {
        facts.merging(
            [
                "points": ["balance": 0, "pending": 0, "lifetime_earned": 0, "lifetime_spent": 0], "orders": ["count": 0, "total": 0],
                "segments": [],
            ]
        ) { first, _ in first }
    }
}

/// Reading whose cart a call is about.
enum ShopperReader {
    /// `{"id"?, "email"?}`; unknown ones are allowed.
    static func customer(_ reader: FieldReader) -> (id: String?, email: String?) {
        guard let customer = reader.reader("customer") else { return (nil, nil) }
        let id = customer.string("id", max: CloudEvent.maximumTextLength, allowEmpty: false)
        let email = customer.string("email", max: CustomerData.maximumEmail, allowEmpty: false)
        if let email, EmailKey.make(email) == nil { customer.fail("email", "invalid_email", "an e-mail address was expected") }
        customer.refuseUnknown()
        return (id, email)
    }

    static func cart(_ reader: FieldReader) -> Cart? { reader.require("cart", reader.reader("cart")).flatMap(Cart.init) }

    static func channel(_ reader: FieldReader) -> String? { reader.string("channel", max: 64, allowEmpty: false) }

    /// A storefront asks for the shopper whom the store vouched for, or for nobody in particular: whether somebody else has ordered before is not
    /// everybody's business.
    static func own(
        _ customer: (id: String?, email: String?), _ principal: Principal, _ db: SQLConnection
    ) throws -> (id: String?, email: String?) {
        var isOwn = customer.id == nil || customer.id == principal.customerID
        if let email = customer.email {
            let known = try principal.customerID.flatMap { try CustomerStore.find($0, db)?.customer.emailKey }
            if known == nil || known != EmailKey.make(email) { isOwn = false }
        }
        guard isOwn else {
            throw Problem.forbidden("A storefront names a customer only with that customer's own token.", code: "customer_token_required")
        }
        return (principal.customerID, customer.email)
    }

    static func place(_ reader: FieldReader) -> Place? { reader.reader("place").map(Place.init) }
}
