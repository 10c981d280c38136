import LoyaltyDomain
import Shared
import SharedStore

/// A redemption as kept: with whose it is, and the reward as it was.
struct RewardRedemption: Sendable {
    var redemption: Redemption
    let memberID: String
    let customerID: String
    let reward: CatalogueReward
    var couponCode: String?
    let request: RewardRequest
    /// Why it was cancelled, as somebody said.
    var reason: String?
    /// The limited stock that it has one of.
    var stockID: String?
    /// How often its points were held.
    var takes: Int64 = 1
    /// How often some of them came back.
    var returns: Int64 = 0
    let reservedAt: Timestamp
    /// When it became what it is; nil while it is reserved.
    var settledAt: Timestamp?

    var id: String { redemption.id }

    init(
        _ redemption: Redemption, of member: CustomerRecord, reward: CatalogueReward, request: RewardRequest, stockID: String?,
        at time: Timestamp
    ) {
        self.redemption = redemption
        memberID = member.account.memberID
        customerID = member.customer.id
        self.reward = reward
        self.request = request
        self.stockID = stockID
        reservedAt = time
    }

    static let columns = """
        redemption_id, member_id, customer_id, reward_id, reward_version, reward, points, lots, state, settled_by, coupon_code, order_id,
        order_total, currency, channel, reason, stock_id, takes, returned, returns, reserved_at, expires_at, settled_at
        """

    /// Nil where the reward cannot be read, which only a later program's could be.
    init?(_ row: SQLRow) {
        let kept = CatalogueReward(
            FieldReader(body: row.json(5), issues: FieldIssues(), strict: false), id: row.text(3), version: row.int(4))
        guard let kept, let state = Redemption.State(rawValue: row.text(8)), let lots = LedgerEntry.lots(row.text(7)) else { return nil }
        reward = kept
        redemption = Redemption(
            id: row.text(0), points: row.int(6), lots: lots, state: state,
            settledBy: row.textOrNil(9).flatMap(Redemption.SettledBy.init), orderID: row.textOrNil(11), returned: row.int(18),
            expiresAt: row.time(21))
        memberID = row.text(1)
        customerID = row.text(2)
        couponCode = row.textOrNil(10)
        request = RewardRequest(
            orderTotal: row.intOrNil(12), currency: row.textOrNil(13).flatMap(Currency.init), channel: row.textOrNil(14))
        reason = row.textOrNil(15)
        stockID = row.textOrNil(16)
        takes = row.int(17)
        returns = row.int(19)
        reservedAt = row.time(20)
        settledAt = row.timeOrNil(22)
    }

    /// As the API answers it.
    var json: JSON {
        [
            "id": .string(id), "state": .string(redemption.state.rawValue), "customer_id": .string(customerID),
            "reward_id": .string(reward.id), "reward_version": .int(reward.version), "reward": .string(reward.name), "gives": gives,
            "points": .int(redemption.points), "returned_points": .int(redemption.returned), "coupon_code": .from(couponCode),
            "order_id": .from(redemption.orderID), "order_total": .from(request.orderTotal), "currency": .from(request.currency?.code),
            "channel": .from(request.channel), "settled_by": .from(redemption.settledBy?.rawValue), "reason": .from(reason),
            "reserved_at": .from(reservedAt), "expires_at": .from(redemption.expiresAt), "settled_at": .from(settledAt),
        ]
    }

    /// What the member has of it, for whoever hands it out.
    private var gives: JSON {
        var object = JSONObject(reward.gift.members)
        object["currency"] = .from(reward.currency?.code)
        return .object(object)
    }
}

/// Redemptions in the store.
enum RewardRedemptionStore {
    static func find(_ id: String, _ db: SQLConnection) throws -> RewardRedemption? {
        try db.first("SELECT \(raw: RewardRedemption.columns) FROM redemptions WHERE redemption_id = \(id)", RewardRedemption.init) ?? nil
    }

    /// The same, to be changed: whoever comes second waits here.
    static func claim(_ id: String, _ db: SQLConnection) throws -> RewardRedemption? {
        try db.first(
            "SELECT \(raw: RewardRedemption.columns) FROM redemptions WHERE redemption_id = \(id) \(raw: db.dialect.forUpdate)",
            RewardRedemption.init) ?? nil
    }

    static func all(orderID: String, _ db: SQLConnection) throws -> [RewardRedemption] {
        try db.all(
            """
            SELECT \(raw: RewardRedemption.columns) FROM redemptions WHERE order_id = \(orderID) ORDER BY redemption_id
            \(raw: db.dialect.forUpdate)
            """, RewardRedemption.init
        ).compactMap { $0 }
    }

    /// A member's, newest first; one row more than the page's limit.
    static func page(_ memberID: String, _ page: PageRequest, _ db: SQLConnection) throws -> [RewardRedemption] {
        var after: SQL = ""
        if let keys = page.after {
            guard keys.count == 1, let id = keys[0].string else {
                throw Problem.invalid("?cursor", "invalid_cursor", "take it from next_cursor as it came")
            }
            after = "AND redemption_id < \(id)"
        }
        return try db.all(
            """
            SELECT \(raw: RewardRedemption.columns) FROM redemptions WHERE member_id = \(memberID) \(after)
            ORDER BY redemption_id DESC LIMIT \(page.limit + 1)
            """, RewardRedemption.init
        ).compactMap { $0 }
    }

    private static let mostOpen = 20

    /// Those of a member whose points are held, newest first.
    static func open(_ memberID: String, _ db: SQLConnection) throws -> [RewardRedemption] {
        try db.all(
            """
            SELECT \(raw: RewardRedemption.columns) FROM redemptions WHERE member_id = \(memberID) AND state = 'reserved'
            ORDER BY redemption_id DESC LIMIT \(mostOpen)
            """, RewardRedemption.init
        ).compactMap { $0 }
    }

    /// How often a member had a reward since a moment, for ever without one. What came to nothing does not count.
    static func count(_ rewardID: String, memberID: String, since start: Timestamp?, _ db: SQLConnection) throws -> Int64 {
        try db.first(
            """
            SELECT COUNT(*) FROM redemptions WHERE member_id = \(memberID) AND reward_id = \(rewardID)
                AND reserved_at >= \(start ?? Timestamp(milliseconds: .min)) AND state IN ('reserved', 'redeemed')
            """
        ) { $0.int(0) } ?? 0
    }

    static func insert(_ record: RewardRedemption, _ db: SQLConnection) throws {
        let redemption = record.redemption
        try db.execute(
            """
            INSERT INTO redemptions (redemption_id, member_id, customer_id, reward_id, reward_version, reward, points, lots, state, settled_by,
                coupon_code, order_id, order_total, currency, channel, reason, stock_id, takes, returned, returns, reserved_at, expires_at,
                settled_at)
            VALUES (\(redemption.id), \(record.memberID), \(record.customerID), \(record.reward.id), \(record.reward.version),
                \(JSON.object(record.reward.json)), \(redemption.points), \(LedgerEntry.text(redemption.lots)), \(redemption.state.rawValue),
                \(redemption.settledBy?.rawValue), \(record.couponCode), \(redemption.orderID), \(record.request.orderTotal),
                \(record.request.currency?.code), \(record.request.channel), \(record.reason), \(record.stockID), \(record.takes),
                \(redemption.returned), \(record.returns), \(record.reservedAt), \(redemption.expiresAt), \(record.settledAt))
            """)
    }

    static func update(_ record: RewardRedemption, _ db: SQLConnection) throws {
        let redemption = record.redemption
        try db.execute(
            """
            UPDATE redemptions SET lots = \(LedgerEntry.text(redemption.lots)), state = \(redemption.state.rawValue),
                settled_by = \(redemption.settledBy?.rawValue), order_id = \(redemption.orderID), reason = \(record.reason),
                stock_id = \(record.stockID), takes = \(record.takes), returned = \(redemption.returned), returns = \(record.returns),
                settled_at = \(record.settledAt)
            WHERE redemption_id = \(redemption.id)
            """)
    }
}
