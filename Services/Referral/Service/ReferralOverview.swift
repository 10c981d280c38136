import Shared
import SharedRuntime
import SharedStore

/// A customer's part in referrals: as advocate and as friend.
enum ReferralOverview {
    private static let most = 50

    static func parts(_ customerID: String, _ house: House, _ db: SQLConnection) throws -> JSONObject {
        let referrals = try ReferralStore.around(customerID, limit: most, db).map { referral -> JSON in
            guard var object = referral.json.object else { return .null }
            object["role"] = referral.advocateID == customerID ? "advocate" : "friend"
            return .object(object)
        }
        let advocate = try advocate(customerID, house.configuration.publicURL, db)
        return JSONObject([.init(name: "referral", value: ["advocate": advocate, "referrals": .array(referrals)])])
    }

    /// In the programme that they came to first.
    private static func advocate(_ id: String, _ publicURL: String, _ db: SQLConnection) throws -> JSON {
        guard let programme = try AdvocateStore.firstProgramme(of: id, db),
            let advocate = try AdvocateStore.find(id, programme: programme, db),
            var object = advocate.json(publicURL: publicURL).object
        else { return .null }
        let counts = try ReferralStore.counts(advocate: id, programme: programme, db)
        object["claimed"] = .int(counts.claimed)
        object["approved"] = .int(counts.approved)
        return .object(object)
    }
}
