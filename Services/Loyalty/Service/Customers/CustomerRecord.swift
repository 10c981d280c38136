import LoyaltyDomain
import Shared
import SharedStore

/// A customer as kept, with whom the figures count them as and their points account.
struct CustomerRecord: Sendable {
    var customer: Customer
    var personID: String
    var updatedAt: Timestamp
    var account: MemberAccount
    /// Whom they were merged into; nil for whoever stands for themselves.
    var mergedInto: String?

    static let columns = """
        c.customer_id, c.person_id, c.guest, c.email, c.phone, c.first_name, c.last_name, c.locale, c.timezone, c.country, c.region, c.city,
        c.birthday, c.accepts_marketing, c.tags, c.traits, c.created_at, c.updated_at, c.deleted_at, c.said_at, c.said_times,
        m.member_id, m.enrolled_at, m.active, m.pending, m.debt, m.lifetime_earned, m.lifetime_spent, m.entries, m.chain,
        m.reserved, m.tier_id, m.turn_at, m.turned_at, m.last_active_at, c.merged_into, c.verified_email
        """
    static let source = "customers c JOIN members m ON m.customer_id = c.customer_id"

    /// Reads a row of ``columns``.
    init(_ row: SQLRow) {
        var said = CustomerData()
        said.email = row.textOrNil(3)
        said.phone = row.textOrNil(4)
        said.firstName = row.textOrNil(5)
        said.lastName = row.textOrNil(6)
        said.locale = row.textOrNil(7)
        said.timezone = row.textOrNil(8)
        said.country = row.textOrNil(9)
        said.region = row.textOrNil(10)
        said.city = row.textOrNil(11)
        said.birthday = row.textOrNil(12).flatMap(CivilDate.init)
        said.acceptsMarketing = row.boolOrNil(13)
        said.verifiedEmail = row.boolOrNil(36)
        said.tags = row.isNull(14) ? nil : row.json(14).array?.compactMap(\.string)
        said.traits = row.isNull(15) ? nil : row.json(15).object
        let times = FieldTimes(base: row.time(19), json: row.isNull(20) ? nil : row.json(20))
        customer = Customer(
            id: row.text(0), isGuest: row.bool(2), said: said, times: times, createdAt: row.time(16), deletedAt: row.timeOrNil(18))
        personID = row.text(1)
        updatedAt = row.time(17)
        account = MemberAccount(
            customerID: row.text(0), memberID: row.text(21), enrolledAt: row.time(22),
            counters: MemberCounters(
                active: row.int(23), pending: row.int(24), reserved: row.int(30), debt: row.int(25), lifetimeEarned: row.int(26),
                lifetimeSpent: row.int(27)),
            entries: row.int(28), chain: row.bytes(29), tierID: row.textOrNil(31), turnAt: row.timeOrNil(32), turnedAt: row.timeOrNil(33),
            lastActiveAt: row.timeOrNil(34))
        mergedInto = row.textOrNil(35)
    }

    /// Someone new, enrolled as a member at once.
    init(new customer: Customer, personID: String, now: Timestamp) {
        self.customer = customer
        self.personID = personID
        updatedAt = now
        account = MemberAccount(new: customer.id, enrolledAt: customer.createdAt, now: now)
    }

    /// The customer as the API answers it: every field, unknown ones null.
    var json: JSON {
        let data = customer.data
        return [
            "id": .string(customer.id), "guest": .bool(customer.isGuest), "email": .from(data.email), "phone": .from(data.phone),
            "first_name": .from(data.firstName), "last_name": .from(data.lastName), "locale": .from(data.locale),
            "timezone": .from(data.timezone),
            "country": .from(data.country), "region": .from(data.region), "city": .from(data.city), "birthday": .from(data.birthday?.text),
            "accepts_marketing": .from(data.acceptsMarketing), "tags": .from(data.tags ?? []),
            "traits": .object(data.traits ?? JSONObject()),
            "verified_email": .from(data.verifiedEmail),
            "created_at": .from(customer.createdAt), "updated_at": .from(updatedAt),
        ]
    }
}
