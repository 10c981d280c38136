import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What is left of rewards of which there are only so many. Those without a limit have no row: a counter would be one that every redemption writes,
/// one after another.
enum RewardStock {
    /// Nil for any number.
    static func left(_ rewardID: String, _ db: SQLConnection) throws -> Int64? {
        try db.first("SELECT stock - taken FROM reward_stock WHERE reward_id = \(rewardID)") { max(0, $0.int(0)) }
    }

    /// The same, to take one: the row is held until the transaction ends, so that whoever comes second finds out here, and not after all its work.
    static func claim(_ rewardID: String, _ db: SQLConnection) throws -> Int64? {
        try db.first("SELECT stock - taken FROM reward_stock WHERE reward_id = \(rewardID) \(raw: db.dialect.forUpdate)") {
            max(0, $0.int(0))
        }
    }

    /// Takes one and answers which stock it is of; nil where there is none left, or no limit.
    static func take(_ rewardID: String, _ db: SQLConnection) throws -> String? {
        guard try db.execute("UPDATE reward_stock SET taken = taken + 1 WHERE reward_id = \(rewardID) AND taken < stock") > 0 else {
            return nil
        }
        return try stockID(rewardID, db)
    }

    /// One more is gone, whatever is left: the store has given it.
    static func note(_ rewardID: String, _ db: SQLConnection) throws -> String? {
        try db.execute("UPDATE reward_stock SET taken = taken + 1 WHERE reward_id = \(rewardID)")
        return try stockID(rewardID, db)
    }

    private static func stockID(_ rewardID: String, _ db: SQLConnection) throws -> String? {
        try db.first("SELECT stock_id FROM reward_stock WHERE reward_id = \(rewardID)") { $0.text(0) }
    }

    /// Puts one back that was taken of this stock; of an earlier one it counts for nothing.
    static func putBack(_ stockID: String, of rewardID: String, _ db: SQLConnection) throws {
        try db.execute("UPDATE reward_stock SET taken = taken - 1 WHERE reward_id = \(rewardID) AND stock_id = \(stockID) AND taken > 0")
    }

    /// What a merchant says there is of it in all, those that are gone included. Nil takes the limit away, and with it the count.
    static func set(_ stock: Int64?, of rewardID: String, _ change: Change) throws {
        guard let stock else {
            try change.db.execute("DELETE FROM reward_stock WHERE reward_id = \(rewardID)")
            return
        }
        try change.db.execute(
            """
            INSERT INTO reward_stock (reward_id, stock_id, stock, taken) VALUES (\(rewardID), \(TypeID.make("stock", at: change.now)), \(stock), 0)
            ON CONFLICT (reward_id) DO UPDATE SET stock = excluded.stock
            """)
    }
}

/// What a reward adds to being defined: what it names must be there, and its stock is counted beside it.
enum RewardHooks {
    static let all = DefinitionHooks<CatalogueReward>(check: check, changed: changed, answer: answer)

    @Sendable private static func check(
        _ reward: CatalogueReward, _ present: CatalogueReward?, _ catalogue: Catalogue, _ db: SQLConnection, _ reader: FieldReader
    ) throws {
        try SegmentMembership.check(reward.segments, at: reader.pointer / "segments", reader.issues, db)
        for (index, id) in reward.tiers.enumerated() where catalogue.tier(id) == nil {
            reader.issues.add(reader.pointer / "tiers" / index, "unknown_tier", "there is no such tier")
        }
        for id in reward.tierPoints.keys.sorted() where catalogue.tier(id) == nil {
            reader.issues.add(reader.pointer / "tier_points" / id, "unknown_tier", "there is no such tier")
        }
        try ConditionCheck.note(reward.conditions, at: reader.pointer / "conditions", catalogue, reader.issues, db)
        if let mine = reward.currency, let programmes = catalogue.programme.currency, mine != programmes {
            reader.fail("currency", "currency_mismatch", "the programme's is \(programmes.code)")
        }
    }

    @Sendable private static func changed(
        _ before: CatalogueReward?, _ after: CatalogueReward?, _ catalogue: Catalogue, _ change: Change
    ) throws {
        guard let after else { return }
        if before == nil, after.gift.hasCoupon { _ = try RewardCoupon.batch(of: after.id, change) }
        if before == nil || before?.stock != after.stock { try RewardStock.set(after.stock, of: after.id, change) }
    }

    @Sendable private static func answer(_ json: JSON, _ db: SQLConnection) throws -> JSON {
        guard var object = json.object, let id = object["id"]?.string else { return json }
        object["stock_left"] = .from(try RewardStock.left(id, db))
        return .object(object)
    }
}
