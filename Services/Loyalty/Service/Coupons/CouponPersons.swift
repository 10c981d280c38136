import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Who is meant by a customer's id, an e-mail, or both. Whoever has the same e-mail is the same person to a coupon, guests included.
struct CouponBuyer: Sendable {
    var person: CouponPerson
    /// By what name they are kept and told: the id that was named, else the customer of the e-mail.
    var customerID: String?
    var emailKey: String?

    /// One e-mail may belong to several customers; nobody has more of them.
    private static let most = 50

    /// `known` is the customer of the id, where somebody has read them already.
    init(customerID: String?, email: String?, known: Customer? = nil, _ db: SQLConnection) throws {
        var customerID = customerID
        var emailKeys = [EmailKey.make(email)].compactMap { $0 }
        if let known, known.id == customerID {
            if let own = known.emailKey, !emailKeys.contains(own) { emailKeys.append(own) }
        } else if let named = customerID,
            let own = try db.first(
                "SELECT COALESCE(merged_into, customer_id), email_key FROM customers WHERE customer_id = \(named)",
                { (id: $0.text(0), emailKey: $0.textOrNil(1)) })
        {
            customerID = own.id
            if let emailKey = own.emailKey, !emailKeys.contains(emailKey) { emailKeys.append(emailKey) }
        }
        var customerIDs = [customerID].compactMap { $0 }
        if !emailKeys.isEmpty {
            let others = try db.all(
                """
                SELECT DISTINCT COALESCE(merged_into, customer_id) AS id, guest, created_at FROM customers WHERE email_key IN \(list: emailKeys)
                ORDER BY guest, created_at, id LIMIT \(Self.most)
                """
            ) { $0.text(0) }
            for id in others where !customerIDs.contains(id) { customerIDs.append(id) }
        }
        // Whoever was merged into them is them: what was promised to the one is the other's.
        let merged = try db.all(
            """
            SELECT customer_id, email_key FROM customers WHERE merged_into IN \(list: customerIDs) ORDER BY customer_id LIMIT \(Self.most)
            """
        ) { (id: $0.text(0), emailKey: $0.textOrNil(1)) }
        for (id, emailKey) in merged {
            if !customerIDs.contains(id) { customerIDs.append(id) }
            if let emailKey, !emailKeys.contains(emailKey) { emailKeys.append(emailKey) }
        }
        person = CouponPerson(customerIDs: customerIDs, emailKeys: emailKeys)
        emailKey = emailKeys.first
        self.customerID = customerIDs.first ?? Guest.id(email: emailKey)
    }
}

extension CouponStanding {
    /// A coupon as it stands for somebody's order. `orderID` is nil where there is no order yet; orders placed after `placedBy` are none that came
    /// first. Without `placedBy` a use of any coupon for another order counts as that order, which is on its way here.
    init(
        _ coupon: CouponRecord, for shopper: inout Shopper, _ setting: CartSetting, orderID: String?, placedBy: Timestamp? = nil,
        _ db: SQLConnection
    ) throws {
        let rules = coupon.rules
        self.init(rules, holderEmailKey: coupon.holderEmailKey)
        isCancelled = coupon.cancelledAt != nil
        redemptions = coupon.redemptions
        channel = setting.channel
        if rules.perCustomer != nil || rules.firstOrderOnly {
            let buyer = try shopper.buyer()
            if rules.perCustomer != nil, !buyer.person.isNobody {
                redemptionsOfPerson = try RedemptionStore.count(batchID: coupon.batchID, of: buyer.person, db)
            }
            if rules.firstOrderOnly {
                hasOtherOrder =
                    try placedBy == nil && RedemptionStore.exists(of: buyer.person, except: orderID, db)
                    || OrderStore.hasOrder(buyer.person.customerIDs, except: orderID, placedBy: placedBy, db)
            }
        }
        if let segmentID = rules.segmentID, let member = try shopper.member() {
            isInSegment = try SegmentMembership.contains(member.customer.id, segment: segmentID, db)
        }
        conditions = try rules.conditions.map { try shopper.verdict($0, setting) }
        if let orderID {
            isShutOut = try OrderStack.shutsOut(rules.stacking, orderID: orderID, exceptCoupon: coupon.code, db)
        }
    }
}
