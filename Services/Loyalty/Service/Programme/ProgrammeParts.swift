import LoyaltyDomain
import Shared
import SharedRuntime

/// The kinds of things a merchant defines, each with what it adds to the common ways of a definition.
struct ProgrammeParts: Sendable {
    let rules: DefinitionsController<EarningRule>
    let tiers: DefinitionsController<Tier>
    let rewards: DefinitionsController<CatalogueReward>
    let offers: DefinitionsController<Offer>

    init(house: House, catalogues: CatalogueCache) {
        rules = .init(house: house, catalogues: catalogues, path: "/v1/loyalty/earning_rules", hooks: RuleHooks.all)
        tiers = .init(house: house, catalogues: catalogues, path: "/v1/loyalty/tiers", hooks: TierHooks.hooks)
        rewards = .init(house: house, catalogues: catalogues, path: "/v1/loyalty/rewards", hooks: RewardHooks.all)
        offers = .init(house: house, catalogues: catalogues, path: "/v1/loyalty/offers", hooks: OfferHooks.all)
    }
}
