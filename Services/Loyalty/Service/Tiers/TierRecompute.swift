import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// A change of the tiers (or of the programme's zone or currency) looks at every member again, in the background. History is not rewritten: members
/// keep what they held, go up at once where they qualify for more, and down after the grace counted from the change.
struct TierRecompute: Sendable {
    static let timer = "tiers.recompute"
    private static let key = "members"
    private static let page = 500

    let catalogues: CatalogueCache

    /// To be called in the transaction that makes the change.
    static func begin(_ change: Change) throws {
        try change.db.execute("UPDATE tier_ladder SET revision = revision + 1, changed_at = \(change.now) WHERE state_id = 1")
        // Memories of the programme hold the revision.
        try change.db.execute("UPDATE loyalty_state SET token = \(TypeID.make("cfg", at: change.now)) WHERE state_id = 1")
        try change.schedule(timer, key: key, at: change.now, payload: ["after": ""])
    }

    /// One page of members who were not judged by the present tiers yet. Who is gone, or somebody else by now, reaches nothing; whoever comes back is
    /// judged then.
    func run(_ timer: DueTimer, _ change: Change) throws {
        let after = timer.payload["after"]?.string ?? ""
        let ladder = try catalogues.current(change.db).ladder
        let page = try change.db.all(
            """
            SELECT m.customer_id, m.tier_revision FROM members m JOIN customers c ON c.customer_id = m.customer_id
            WHERE m.customer_id > \(after) AND c.deleted_at IS NULL ORDER BY m.customer_id LIMIT \(Self.page)
            """
        ) { (id: $0.text(0), revision: $0.int(1)) }
        for member in page where member.revision != ladder.revision {
            try Aftermath(catalogues: catalogues).follow(member.id, [.standing], change)
        }
        if page.count == Self.page, let last = page.last {
            try change.schedule(Self.timer, key: Self.key, at: change.now, payload: ["after": .string(last.id)])
        }
    }
}
