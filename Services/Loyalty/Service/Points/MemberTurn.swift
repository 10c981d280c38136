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
        // A member who was merged has nothing any more that time could do anything to.
        guard let member = try CustomerStore.find(memberID: timer.key, change.db), member.mergedInto == nil else { return }
        try run(member, change)
    }

    /// Brings the member to now, from one moment at which something is due to the next: at each of them first what becomes active, then what expires,
    /// then notices of what will, and the tier last. A notice of what is gone by now is not given any more.
    func run(_ member: CustomerRecord, _ change: Change) throws {
        let catalogue = try catalogues.current(change.db)
        let notices = catalogue.programme.notices
        let tiers = TierKeeper(catalogue: catalogue)
        let customerID = member.customer.id
        var changes: MemberChanges = [.points]
        var ledger = PointsLedger(member.account, change)
        var past = member.account.turnedAt ?? Timestamp(milliseconds: .min)
        while true {
            let agenda = LotAgenda(try LotStore.open(ledger.account.memberID, change.db), notices: notices, after: past)
            let tierDue = try tiers.nextDue(customerID, change.db)
            guard let moment = [agenda.next, tierDue].compactMap({ $0 }).min(), moment <= change.now else { break }
            try activate(agenda, moment, &ledger, change)
            try expire(agenda, moment, &ledger, change)
            for notice in agenda.notices(at: moment) where notice.expiresAt > change.now {
                try PointsNews.emitExpiring(notice, ledger.account, change)
            }
            if tierDue.map({ $0 <= moment }) ?? false, try tiers.update(customerID, [], change, at: moment, inTurn: true) { changes.insert(.tier) }
            past = max(past, moment)
        }
        ledger.turned(at: change.now)
        let rest = LotAgenda(try LotStore.open(ledger.account.memberID, change.db), notices: notices, after: change.now)
        if let moment = [rest.next, try tiers.nextDue(customerID, change.db)].compactMap({ $0 }).min() { try ledger.wake(at: moment) }
        try ledger.save()
        try Aftermath(catalogues: catalogues).follow(customerID, changes, change)
    }

    private func activate(_ agenda: LotAgenda, _ moment: Timestamp, _ ledger: inout PointsLedger, _ change: Change) throws {
        for record in agenda.activating(at: moment) {
            let (active, lot) = try ledger.activate(record)
            guard active > 0 else { continue }
            var record = record
            record.lot = lot
            try PointsNews.emitActivated(active, record, ledger.account, change)
        }
    }

    private func expire(_ agenda: LotAgenda, _ moment: Timestamp, _ ledger: inout PointsLedger, _ change: Change) throws {
        for record in agenda.expiring(at: moment) {
            let points = try ledger.expire(record)
            if points > 0 { try PointsNews.emitExpired(points, record.lot, ledger.account, orderID: record.orderID, change) }
        }
    }
}

/// What time does to these lots, and when.
struct LotAgenda {
    private let lots: [LotRecord]
    private let notices: ExpiryNotices
    private let past: Timestamp

    struct Notice: Sendable {
        let points: Int64
        let expiresAt: Timestamp
        let days: Int64
    }

    /// Notices up to and with `past` have been given.
    init(_ lots: [LotRecord], notices: ExpiryNotices, after past: Timestamp) {
        self.lots = lots
        self.notices = notices
        self.past = past
    }

    /// The earliest moment at which anything is due; nil for never.
    var next: Timestamp? { lots.compactMap(due).min() }

    func activating(at moment: Timestamp) -> [LotRecord] {
        lots.filter { $0.lot.state == .pending && $0.lot.activeAt == moment }.inOrder
    }

    func expiring(at moment: Timestamp) -> [LotRecord] {
        lots.filter { $0.lot.state == .active && $0.lot.expiresAt == moment }.inOrder
    }

    /// One for each moment of expiry and distance, whatever the number of lots.
    func notices(at moment: Timestamp) -> [Notice] {
        var points: [Int64: [Int64: Int64]] = [:]
        for record in lots {
            for notice in pending(record) where notice.at == moment {
                guard let expiresAt = record.lot.expiresAt else { continue }
                points[expiresAt.milliseconds, default: [:]][notice.days, default: 0] += record.lot.remaining
            }
        }
        return points.sorted { $0.key < $1.key }.flatMap { expiry, byDays in
            byDays.sorted { $0.key > $1.key }.map {
                Notice(points: $0.value, expiresAt: Timestamp(milliseconds: expiry), days: $0.key)
            }
        }
    }

    private func due(_ record: LotRecord) -> Timestamp? {
        guard record.lot.state == .active else { return record.lot.activeAt }
        let next = pending(record).map(\.at).min()
        guard let expiresAt = record.lot.expiresAt else { return next }
        return next.map { min($0, expiresAt) } ?? expiresAt
    }

    /// Notices of a lot that are to come. One whose moment lies before the lot could be spent, or before it was known, is none.
    private func pending(_ record: LotRecord) -> [(days: Int64, at: Timestamp)] {
        let lot = record.lot
        guard lot.state == .active, let expiresAt = lot.expiresAt, let activeAt = lot.activeAt else { return [] }
        let known = TypeID.time(of: lot.id) ?? activeAt
        return notices.moments(before: expiresAt).filter { $0.at > past && $0.at >= activeAt && $0.at > known }
    }
}

extension [LotRecord] {
    fileprivate var inOrder: [LotRecord] {
        sorted { ($0.lot.earnedAt.milliseconds, $0.lot.id) < ($1.lot.earnedAt.milliseconds, $1.lot.id) }
    }
}
