import Crypto
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Members who come to an event of the shop's: each counts once for its name, and earns what the rules say.
struct CheckIns: Sendable {
    static let type = "store.checked_in"

    let catalogues: CatalogueCache

    struct CheckIn: Sendable {
        let event: String
        let place: String?
        let at: Timestamp
        /// What it earned.
        var points: Int64 = 0
    }

    /// Notes it, and answers the one that counts: the first of that name.
    func note(_ checkIn: CheckIn, of customerID: String, _ change: Change) throws -> (checkIn: CheckIn, isNew: Bool) {
        let member = try MembersController.member(customerID, change.db)
        // Somebody else's, where this one was merged into them.
        let (memberID, customerID) = (member.account.memberID, member.customer.id)
        let key = Base64URL.encode(Array(SHA256.hash(data: Array(checkIn.event.utf8)).prefix(18)))
        let rows = try change.db.execute(
            """
            INSERT INTO check_ins (member_id, event_key, event, place, at, points)
            VALUES (\(memberID), \(key), \(checkIn.event), \(checkIn.place), \(checkIn.at), 0) ON CONFLICT (member_id, event_key) DO NOTHING
            """)
        guard rows > 0 else {
            let known = try change.db.first(
                "SELECT event, place, at, points FROM check_ins WHERE member_id = \(memberID) AND event_key = \(key)"
            ) { CheckIn(event: $0.text(0), place: $0.textOrNil(1), at: $0.time(2), points: $0.int(3)) }
            return (known ?? checkIn, false)
        }
        let data: JSON = ["customer_id": .string(customerID), "event": .string(checkIn.event), "place": .from(checkIn.place)]
        // Its id is its business key: whatever is earned by it is earned once.
        let event = CloudEvent(
            id: "checkin:\(memberID):\(key)", source: "vefa/\(ServiceName.loyalty.rawValue)", type: Self.type, time: checkIn.at,
            subject: customerID, data: data)
        try change.emit(event.type, subject: customerID, data: data, id: event.id, at: event.time)
        try EventAccruals(catalogues: catalogues).earn(event, member, change)
        let earned = try CustomerStore.find(customerID, change.db)?.account.counters.lifetimeEarned ?? 0
        var noted = checkIn
        noted.points = max(0, earned - member.account.counters.lifetimeEarned)
        try change.db.execute("UPDATE check_ins SET points = \(noted.points) WHERE member_id = \(memberID) AND event_key = \(key)")
        return (noted, true)
    }
}
