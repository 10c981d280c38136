import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What time itself does to one member. There is one timer a member, at the earliest moment at which anything is due: timers of different keys run in
/// no order, and points must become active before they expire, and both before the tier is looked at.
struct MemberTurn: Sendable {
    static let timer = "member.turn"

    let catalogues: CatalogueCache

    func run(_ timer: DueTimer, _ change: Change) throws {
        guard let member = try CustomerStore.find(memberID: timer.key, change.db) else { return }
        try run(member, change)
    }

    /// Brings the member to now, from one moment at which something is due to the next: at each of them first what becomes active, then what
    /// expires, then the tier.
    func run(_ member: CustomerRecord, _ change: Change) throws {
        var ledger = PointsLedger(member.account, change)
        ledger.turned()
        let tiers = TierKeeper(catalogue: try catalogues.current(change.db))
        var changes: MemberChanges = [.points]
        while let (moment, due) = try Self.next(of: member, tiers, change.db), moment <= change.now {
            for record in due where record.lot.state == .pending && record.lot.activeAt == moment {
                let (active, expired) = try ledger.activate(record)
                if active > 0 { try PointsNews.emitActivated(active, record, ledger.account, change) }
                if expired > 0 { try PointsNews.emitExpired(expired, record.lot, ledger.account, orderID: record.orderID, change) }
            }
            for record in due where record.lot.state == .active && record.lot.expiresAt == moment {
                let points = try ledger.expire(record)
                if points > 0 { try PointsNews.emitExpired(points, record.lot, ledger.account, orderID: record.orderID, change) }
            }
            if try tiers.update(member.customer.id, [], change, at: moment, inTurn: true) { changes.insert(.tier) }
        }
        if let (moment, _) = try Self.next(of: member, tiers, change.db) { try ledger.wake(at: moment) }
        try ledger.save()
        try Aftermath(catalogues: catalogues).follow(member.customer.id, changes, change)
    }

    /// The earliest moment at which a lot becomes active or expires, or the tier may change, and the lots that do.
    private static func next(of member: CustomerRecord, _ tiers: TierKeeper, _ db: SQLConnection) throws -> (Timestamp, [LotRecord])? {
        func due(_ record: LotRecord) -> Timestamp? { record.lot.state == .pending ? record.lot.activeAt : record.lot.expiresAt }
        let open = try LotStore.open(member.account.memberID, db)
        let tierDue = try tiers.nextDue(member.customer.id, db)
        guard let moment = (open.compactMap(due) + [tierDue].compactMap { $0 }).min() else { return nil }
        return (moment, open.filter { due($0) == moment })
    }
}
