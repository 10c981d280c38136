public import SharedRuntime

/// loyalty-svc: customers, orders, points, coupons and what they tell the merchant.
public enum LoyaltyService {
    /// Each call makes a service of its own: its memory of the programme belongs to one store.
    public static var definition: ServiceDefinition {
        let catalogues = CatalogueCache()
        var timers = TimerHandlers()
        let turns = MemberTurn(catalogues: catalogues)
        timers.on(MemberTurn.timer, perform: turns.run)
        timers.on(SegmentKeeper.timer) { timer, change in
            try SegmentKeeper(catalogue: try catalogues.current(change.db)).age(timer, change)
        }
        timers.on(SegmentMembership.clearing, perform: SegmentMembership.clear)
        timers.onExternal(SegmentComputer.timer, concurrency: 1, perform: SegmentComputer(catalogues: catalogues).run)
        timers.onExternal(RFMKeeper.timer, concurrency: 1, perform: RFMKeeper(catalogues: catalogues).run)
        return ServiceDefinition(
            name: .loyalty,
            migrations: LoyaltyMigrations.all,
            events: LoyaltyEvents.handlers(catalogues),
            timers: timers,
            routes: { router, house in
                CustomersController(house: house, catalogues: catalogues).addRoutes(to: router)
                ProgrammeController(house: house, catalogues: catalogues).addRoutes(to: router)
                let parts = ProgrammeParts(house: house, catalogues: catalogues)
                parts.rules.addRoutes(to: router)
                parts.tiers.addRoutes(to: router)
                parts.rewards.addRoutes(to: router)
                parts.offers.addRoutes(to: router)
                MembersController(house: house, catalogues: catalogues).addRoutes(to: router)
                LedgerController(house: house).addRoutes(to: router)
                CouponBatchesController(house: house, catalogues: catalogues).addRoutes(to: router)
                CouponsController(house: house).addRoutes(to: router)
                GrantsController(house: house, grants: Grants(catalogues: catalogues)).addRoutes(to: router)
                MetricsController(house: house, catalogues: catalogues).addRoutes(to: router)
                SegmentsController(house: house, catalogues: catalogues).addRoutes(to: router)
                RFMController(house: house).addRoutes(to: router)
            },
            overview: { try LoyaltyOverview.parts($0, now: $1.now, $2) },
            prepare: ProgrammeStore.prepare,
            verify: { try LedgerVerifier.run($0).complaint })
    }
}
