import HTTPTypes
import Shared

extension RouteTable {
    /// Programmes, advocates, claims, referrals, and the links that friends follow.
    static let referral: [PublicRoute] = []
}
