import LoyaltyDomain
import Shared
import SharedStore

/// A member's account: the counters, and where the ledger's chain stands.
struct MemberAccount: Sendable, Equatable {
    let customerID: String
    /// Internal: what the ledger knows the member by.
    let memberID: String
    var enrolledAt: Timestamp
    var counters: MemberCounters
    /// How many ledger entries there are.
    var entries: Int64
    /// The last entry's hash; of a new member a hash of nothing: 32 zero bytes.
    var chain: [UInt8]
    /// The tier the member holds.
    var tierID: String?
    /// When time itself next changes something for the member (``MemberTurn``); nil for never.
    var turnAt: Timestamp?
    /// Up to when that was done; nil while it never was.
    var turnedAt: Timestamp?
    /// When the member last earned by a rule or redeemed.
    var lastActiveAt: Timestamp?

    static let genesis = [UInt8](repeating: 0, count: 32)

    init(
        customerID: String, memberID: String, enrolledAt: Timestamp, counters: MemberCounters, entries: Int64, chain: [UInt8],
        tierID: String? = nil, turnAt: Timestamp? = nil, turnedAt: Timestamp? = nil, lastActiveAt: Timestamp? = nil
    ) {
        self.customerID = customerID
        self.memberID = memberID
        self.enrolledAt = enrolledAt
        self.counters = counters
        self.entries = entries
        self.chain = chain
        self.tierID = tierID
        self.turnAt = turnAt
        self.turnedAt = turnedAt
        self.lastActiveAt = lastActiveAt
    }

    init(new customerID: String, enrolledAt: Timestamp, now: Timestamp) {
        self.init(
            customerID: customerID, memberID: TypeID.make("mbr", at: now), enrolledAt: enrolledAt, counters: MemberCounters(), entries: 0,
            chain: Self.genesis)
    }
}
