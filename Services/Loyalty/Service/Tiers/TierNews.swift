import LoyaltyDomain
import Shared
import SharedRuntime

/// What loyalty says about tiers. Each is dated by the moment it happened, so that what an import brings to light starts no flow.
struct TierNews {
    struct Item: Equatable {
        enum Kind: String {
            case upgraded, downgraded
            case atRisk = "at_risk"
        }

        let kind: Kind
        let at: Timestamp
        let from: String?
        let to: String?
        let downgradeAt: Timestamp?
        let remaining: Int64
        let isByDefinition: Bool
    }

    let catalogue: Catalogue
    let customerID: String
    let change: Change

    func emit(_ items: [Item]) throws {
        for item in items {
            var data = JSONObject([.init(name: "customer_id", value: .string(customerID))])
            let tier = catalogue.tier(item.to)
            if item.kind == .atRisk {
                data["tier_id"] = .from(item.to)
                data["downgrade_at"] = .from(item.downgradeAt)
                data["remaining"] = .int(item.remaining)
            } else {
                data["from"] = .from(item.from)
                data["to"] = .from(item.to)
                data["from_name"] = .from(catalogue.tier(item.from)?.name)
                data["multiplier"] = .double(Double(tier?.multiplier ?? 100) / 100)
            }
            data["tier"] = .from(tier?.name)
            data["at"] = .from(item.at)
            if item.isByDefinition { data["cause"] = "definition" }
            try change.emit("tier.\(item.kind.rawValue)", subject: customerID, data: .object(data), at: min(item.at, change.now))
        }
    }
}

extension TierNews.Item {
    /// Nil for a recovery: nothing was taken, and nothing is said.
    init?(_ change: TierTimeline.Change, isByDefinition: Bool) {
        let kind: Kind
        switch change.kind {
        case .upgraded: kind = .upgraded
        case .downgraded: kind = .downgraded
        case .atRisk: kind = .atRisk
        case .recovered: return nil
        }
        self.init(
            kind: kind, at: change.at, from: change.from, to: change.to, downgradeAt: change.after.risk?.dueAt, remaining: change.remaining,
            isByDefinition: isByDefinition)
    }

    /// What late news made different of a state that was told before; nil for nothing worth saying.
    init?(from told: TierState, to corrected: TierState, _ timeline: TierTimeline, _ ladder: TierLadder) {
        if told.tierID != corrected.tierID {
            let isUp = ladder.index(of: corrected.tierID) ?? -1 > ladder.index(of: told.tierID) ?? -1
            let at = corrected.since ?? told.since ?? .epoch
            self.init(
                kind: isUp ? .upgraded : .downgraded, at: isUp ? at : max(at, told.since ?? at), from: told.tierID, to: corrected.tierID,
                downgradeAt: nil, remaining: 0, isByDefinition: false)
        } else if let risk = corrected.risk, risk != told.risk, let tier = ladder.index(of: corrected.tierID).map({ ladder.tiers[$0] }) {
            self.init(
                kind: .atRisk, at: risk.fellAt, from: corrected.tierID, to: corrected.tierID, downgradeAt: risk.dueAt,
                remaining: timeline.remaining(to: tier), isByDefinition: false)
        } else {
            return nil
        }
    }
}
