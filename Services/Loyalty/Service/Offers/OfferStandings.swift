import LoyaltyDomain
import Shared
import SharedStore

/// How offers stand for one cart, with as few reads as can be: the counts of those with limits at once, the segments where an offer names some.
struct OfferStandings {
    private(set) var audience: OfferAudience
    private let counts: [String: Int64]
    private let ofPerson: [String: Int64]

    init(_ offers: [Offer], _ shopper: inout Shopper, _ setting: CartSetting, _ db: SQLConnection) throws {
        audience = OfferAudience(isNobody: shopper.isNobody, place: setting.place, channel: setting.channel)
        if let member = try shopper.member() {
            audience.tierID = try TierKeeper(catalogue: setting.catalogue).held(by: member.account, at: setting.now, db)?.id
            if offers.contains(where: { !$0.segments.isEmpty }) { audience.segments = try shopper.segments() }
        }
        counts = try OfferUseStore.counts(offers, db)
        if offers.contains(where: { $0.perCustomer != nil }), !shopper.isNobody {
            ofPerson = try OfferUseStore.counts(
                offers, of: try shopper.buyer().person, at: setting.now, zone: setting.catalogue.zone, db)
        } else {
            ofPerson = [:]
        }
    }

    func standing(_ offer: Offer, _ shopper: inout Shopper, _ setting: CartSetting) throws -> OfferStanding {
        var standing = OfferStanding(offer)
        standing.uses = counts[offer.id] ?? 0
        standing.usesOfPerson = ofPerson[offer.id] ?? 0
        standing.currency = setting.catalogue.programme.currency
        standing.conditions = try offer.conditions.map { try shopper.verdict($0, setting) }
        return standing
    }
}

extension Shopper {
    /// Where they live, as far as one knows: where the shop says nothing else, that is where they shop.
    var place: Place {
        mutating get throws {
            let customer = try member()?.customer
            return Place(country: customer?.country, region: customer?.region, city: customer?.city)
        }
    }
}
