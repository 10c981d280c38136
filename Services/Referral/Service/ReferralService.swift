import Shared
public import SharedRuntime
import SharedStore

/// Referrals: who brought whom, whether it counts, and what both get for it.
public enum ReferralService {
    public static var definition: ServiceDefinition { definition(desk: { LoyaltyGrantDesk($0.services) }) }

    /// `desk`: where the friend's coupon is had from.
    public static func definition(desk: @escaping @Sendable (House) -> any GrantDesk) -> ServiceDefinition {
        ServiceDefinition(
            name: .referral,
            migrations: ReferralMigrations.all,
            events: events,
            timers: timers,
            routes: { router, house in
                ProgrammesController(house: house).addRoutes(to: router)
                AdvocatesController(house: house).addRoutes(to: router)
                ClaimsController(house: house, desk: desk(house)).addRoutes(to: router)
                ReferralsController(house: house).addRoutes(to: router)
                LinkController(house: house).addRoutes(to: router)
            },
            overview: ReferralOverview.parts,
            prepare: { house in
                try await ProgrammeStore.prepare(house)
                try await KnownPersons.prepare(house)
            })
    }

    private static var events: EventHandlers {
        var events = EventHandlers()
        KnownCustomerEvents.add(to: &events)
        events.on("grant.issued", "grant.refused", "grant.revoked", perform: GrantNews.hear)
        return events
    }

    private static var timers: TimerHandlers {
        var timers = TimerHandlers()
        timers.on(ReferralMoves.hold, perform: ReferralTimers.holdOver)
        timers.on(ClickStore.forgetting, perform: ClickStore.forget)
        return timers
    }
}
