import LoyaltyDomain
import Shared
import SharedRuntime

/// What happens to lots when their time comes.
enum LotTimers {
    static func activate(_ timer: DueTimer, _ change: Change) throws {
        guard let record = try LotStore.find(timer.key, change.db),
            let member = try CustomerStore.find(memberID: record.memberID, change.db)
        else { return }
        var ledger = PointsLedger(member.account, change)
        let (active, expired) = try ledger.activate(record)
        guard active > 0 else { return }
        try ledger.save()
        try PointsNews.emitActivated(active, record, ledger.account, change)
        if expired > 0 { try PointsNews.emitExpired(expired, record.lot, ledger.account, orderID: record.orderID, change) }
    }

    static func expire(_ timer: DueTimer, _ change: Change) throws {
        guard let record = try LotStore.find(timer.key, change.db),
            let member = try CustomerStore.find(memberID: record.memberID, change.db)
        else { return }
        var ledger = PointsLedger(member.account, change)
        let points = try ledger.expire(record)
        guard points > 0 else { return }
        try ledger.save()
        try PointsNews.emitExpired(points, record.lot, ledger.account, orderID: record.orderID, change)
    }
}
