import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Goes over all customers page by page, each page in a read of its own: holds neither a transaction nor everybody in memory.
enum SegmentScan {
    private static let page = 5_000
    private static let shown = 20

    static func customers(_ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT COUNT(*) FROM customers WHERE deleted_at IS NULL") { $0.int(0) } ?? 0
    }

    /// Who would be in a segment of this rule just now.
    static func preview(_ rule: SegmentRule, _ catalogues: CatalogueCache, _ house: House) async throws -> JSON {
        var thresholds: RFMThresholds?
        if rule.needs.scores {
            thresholds = try await house.read { try SegmentStore.thresholds($0) }
            if thresholds == nil { thresholds = try await RFMKeeper.compute(catalogues, house) }
        }
        let context = SegmentContext(now: house.now, rfm: thresholds)
        var after = ""
        var count: Int64 = 0
        var of: Int64 = 0
        var sample: [String] = []
        while true {
            try Task.checkCancellation()
            let from = after
            let (last, asked, found) = try await house.read { db -> (String?, Int, [String]) in
                let loader = SegmentLoader(needs: rule.needs, catalogue: try catalogues.current(db), now: context.now)
                let facts = try loader.page(after: from, limit: page, db)
                return (facts.last?.customerID, facts.count, facts.filter { rule.holds($0, context) }.map(\.customerID))
            }
            guard let last else { break }
            after = last
            of += Int64(asked)
            count += Int64(found.count)
            if sample.count < shown { sample += found.prefix(shown - sample.count) }
        }
        return [
            "count": .int(count), "of": .int(of), "sample": .from(sample), "rfm": rule.needs.scores ? thresholds?.json ?? .null : .null,
        ]
    }
}
