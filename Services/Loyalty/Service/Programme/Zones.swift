import Foundation
import LoyaltyDomain
import Shared

/// Time zones by their IANA names, from the zone data Foundation brings.
enum Zones {
    static func isZone(_ name: String) -> Bool {
        name == "UTC" || (name.contains("/") && TimeZone(identifier: name) != nil)
    }

    /// UTC for a name that there is not: it was checked when it was set.
    static func rules(_ name: String) -> ZoneRules {
        guard name != "UTC", let zone = TimeZone(identifier: name) else { return .utc }
        return ZoneRules { time in
            Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.milliseconds) / 1_000))) * 1_000
        }
    }
}
