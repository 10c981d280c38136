import Shared
import SharedRuntime
import SharedStore

/// Referrals. So far: who is known to have bought, which the rules for new customers and against fraud will ask.
public enum ReferralService {
    public static var definition: ServiceDefinition {
        ServiceDefinition(
            name: .referral,
            migrations: ReferralMigrations.all,
            events: events,
            routes: { _, _ in },
            overview: { _, _ in JSONObject([.init(name: "referral", value: ["advocate": nil, "referrals": []])]) })
    }

    private static var events: EventHandlers {
        var events = EventHandlers()
        KnownCustomerEvents.add(to: &events)
        return events
    }
}
