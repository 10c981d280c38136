import Crypto
import ReferralDomain
import Shared

/// Persons and effects as short hashes: what is compared without being kept in clear, and ids that come out the same at every try.
enum PersonHash {
    /// Of a mailbox, however its address is written; nil where it is no address.
    static func email(_ email: String?) -> String? { PersonKey(email).map { digest("person:\($0.text)") } }

    /// Of somebody without an address.
    static func customer(_ id: String) -> String { digest("customer:\(id)") }

    /// The referral of one friend in one programme: a claim that is tried again orders the same coupon.
    static func referralID(programme: String, friend: String) -> String { id("referral:\(programme):\(friend)") }

    /// A referral that is kept as refused: one for each friend, advocate and programme.
    static func refusalID(programme: String, advocate: String, friend: String) -> String {
        id("refused:\(programme):\(advocate):\(friend)")
    }

    private static func digest(_ text: String) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array("vefa \(text)".utf8)).prefix(16)))
    }

    private static func id(_ text: String) -> String {
        let bytes = Array(SHA256.hash(data: Array("vefa \(text)".utf8)))
        let halves = [bytes[0..<8], bytes[8..<16]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        return "ref_" + TypeID.encode(high: halves[0], low: halves[1])
    }
}
