import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Asks everybody anew when a segment's definition, or what its scores go by, changed: in the background, page by page. Where it has come to stands in the
/// segment's row, so whoever takes it up after a crash goes on from there. Pages are looked at in plain reads, which stand in nobody's way; what seems to
/// differ is asked again in the write that changes it.
struct SegmentComputer: Sendable {
    static let timer = "segment.compute"
    private static let page = 2_000
    /// Customers changed in one write.
    private static let slice = 500

    let catalogues: CatalogueCache

    func run(_ timer: DueTimer, _ house: House) async throws {
        var settled: Int64?
        while true {
            // The definition may be edited again while it runs.
            if let version = try await house.read({ try Self.begins(timer.key, $0) }), version != settled {
                try await SegmentSettling.wait(house)
                settled = version
            }
            guard try await step(timer, house) else { return }
        }
    }

    /// The version of a segment of which nobody was asked yet.
    private static func begins(_ id: String, _ db: SQLConnection) throws -> Int64? {
        try db.first("SELECT version FROM segments WHERE segment_id = \(id) AND state = 'computing' AND compute_after IS NULL") { $0.int(0) }
    }

    private struct Found: Sendable {
        var version: Int64
        var cause: String
        var last: String?
        var count: Int64
        /// The customers to be changed, or to be woken later.
        var ids: [String]
        var total: Int64?
    }

    /// One page; false when there is none left, or nothing to compute any more.
    private func step(_ timer: DueTimer, _ house: House) async throws -> Bool {
        let id = timer.key
        guard let found = try await house.read({ try look(id, house.now, $0) }) else { return false }
        if let total = found.total {
            try await house.write { change in
                guard try change.holds(timer) else { return }
                try change.db.execute("UPDATE segments SET total = \(total) WHERE segment_id = \(id) AND version = \(found.version)")
            }
        }
        for start in stride(from: 0, to: found.ids.count, by: Self.slice) {
            let slice = Array(found.ids[start..<min(start + Self.slice, found.ids.count)])
            let goesOn = try await house.write { change in
                guard try change.holds(timer), try Self.isCurrent(id, found.version, change.db) else { return false }
                let catalogue = try catalogues.current(change.db)
                try SegmentKeeper(catalogue: catalogue).apply(slice, [id], .together(cause: found.cause), change)
                return true
            }
            guard goesOn else { return false }
        }
        return try await house.write { change in
            guard try change.holds(timer), try Self.isCurrent(id, found.version, change.db) else { return false }
            if let last = found.last {
                try change.db.execute(
                    """
                    UPDATE segments SET compute_after = \(last), done = done + \(found.count) WHERE segment_id = \(id)
                    """)
                return true
            }
            guard found.ids.count < Self.page else { return true }
            try change.db.execute(
                "UPDATE segments SET state = 'ready', compute_after = NULL, computed_at = \(change.now) WHERE segment_id = \(id)")
            try SegmentStore.touch(change)
            return false
        }
    }

    private static func isCurrent(_ id: String, _ version: Int64, _ db: SQLConnection) throws -> Bool {
        try db.exists("SELECT 1 FROM segments WHERE segment_id = \(id) AND version = \(version) AND state = 'computing'")
    }

    private func look(_ id: String, _ now: Timestamp, _ db: SQLConnection) throws -> Found? {
        let record = try db.first("SELECT \(raw: SegmentRecord.columns) FROM segments WHERE segment_id = \(id)", SegmentRecord.init)
        let catalogue = try catalogues.current(db)
        guard let record, record.isComputing, let segment = catalogue.segments[id], segment.version == record.version else { return nil }
        let after = record.computeAfter ?? ""
        let facts = try SegmentLoader(needs: segment.rule.needs, catalogue: catalogue, now: now).page(after: after, limit: Self.page, db)
        var found = Found(version: record.version, cause: record.cause, last: facts.last?.customerID, count: Int64(facts.count), ids: [])
        if record.computeAfter == nil { found.total = try SegmentScan.customers(db) }
        guard let last = facts.last?.customerID else {
            // Members behind the last customer belong to nobody.
            found.ids = try db.all(
                "SELECT customer_id FROM segment_members WHERE segment_id = \(id) AND customer_id > \(after) ORDER BY customer_id LIMIT \(Self.page)"
            ) { $0.text(0) }
            return found
        }
        var inside = Set(
            try db.all(
                "SELECT customer_id FROM segment_members WHERE segment_id = \(id) AND customer_id > \(after) AND customer_id <= \(last)"
            ) { $0.text(0) })
        var due: [String: Timestamp] = [:]
        if segment.rule.isTimed {
            try db.each(
                """
                SELECT timer_key, due_at FROM timers
                WHERE kind = \(SegmentKeeper.timer) AND timer_key > \(after) AND timer_key <= \(last)
                """
            ) { due[$0.text(0)] = $0.time(1) }
        }
        let context = SegmentContext(now: now, rfm: catalogue.segments.rfm)
        for one in facts {
            var isDue = segment.rule.holds(one, context) != (inside.remove(one.customerID) != nil)
            if !isDue, let next = segment.rule.nextChange(one, context) { isDue = due[one.customerID].map { $0 > next } ?? true }
            if isDue { found.ids.append(one.customerID) }
        }
        // What is left are members that are no customers any more.
        found.ids += inside.sorted()
        return found
    }
}
