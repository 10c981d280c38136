public import SharedRuntime

/// loyalty-svc: customers, orders, points, coupons and what they tell the merchant.
public enum LoyaltyService {
    /// Each call makes a service of its own: its memory of the programme belongs to one store.
    public static var definition: ServiceDefinition {
        let catalogues = CatalogueCache()
        var timers = TimerHandlers()
        let turns = MemberTurn(catalogues: catalogues)
        timers.on(MemberTurn.timer, perform: turns.run)
        let rewards = RewardDesk(catalogues: catalogues)
        timers.on(RewardDesk.timer, perform: rewards.expire)
        timers.on(OccasionSweep.timer, perform: OccasionSweep(catalogues: catalogues).run)
        timers.on(TierRecompute.timer, perform: TierRecompute(catalogues: catalogues).run)
        timers.on(SubscriptionTurn.timer, perform: SubscriptionTurn(catalogues: catalogues).run)
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
                SubscriptionsController(house: house).addRoutes(to: router)
                PresetsController(house: house, catalogues: catalogues, parts: parts).addRoutes(to: router)
                LedgerController(house: house).addRoutes(to: router)
                RewardRedemptionsController(house: house, desk: rewards).addRoutes(to: router)
                InStoreController(house: house, checkIns: CheckIns(catalogues: catalogues)).addRoutes(to: router)
                CouponBatchesController(house: house, catalogues: catalogues).addRoutes(to: router)
                CouponsController(house: house, catalogues: catalogues).addRoutes(to: router)
                OffersController(house: house, catalogues: catalogues).addRoutes(to: router)
                QuotesController(house: house, catalogues: catalogues).addRoutes(to: router)
                GrantsController(house: house, grants: Grants(catalogues: catalogues)).addRoutes(to: router)
                WhyController(house: house, catalogues: catalogues).addRoutes(to: router)
                MetricsController(house: house, catalogues: catalogues).addRoutes(to: router)
                SegmentsController(house: house, catalogues: catalogues).addRoutes(to: router)
                RFMController(house: house).addRoutes(to: router)
            },
            overview: { try LoyaltyOverview.parts($0, catalogues, now: $1.now, $2) },
            background: { house in [LedgerSealing(house: house)] },
            prepare: ProgrammeStore.prepare,
            verify: { try LedgerVerifier.run($0).complaint })
    }
}
