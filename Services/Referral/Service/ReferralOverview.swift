import Shared
import SharedStore
import Synchronization

/// Where shoppers reach the gateway: known once the house is. The overview's part is asked of the store alone.
final class PublicAddress: Sendable {
    private let url = Mutex("")

    var text: String { url.withLock { $0 } }
    func set(_ text: String) { url.withLock { $0 = text } }
}

/// A customer's part in referrals: as advocate and as friend.
enum ReferralOverview {
    private static let most = 50

    static func parts(_ address: PublicAddress) -> @Sendable (String, SQLConnection) throws -> JSONObject {
        { customerID, db in
            let referrals = try ReferralStore.around(customerID, limit: most, db).map { referral -> JSON in
                guard var object = referral.json.object else { return .null }
                object["role"] = referral.advocateID == customerID ? "advocate" : "friend"
                return .object(object)
            }
            let part: JSON = ["advocate": try advocate(customerID, address.text, db), "referrals": .array(referrals)]
            return JSONObject([.init(name: "referral", value: part)])
        }
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
