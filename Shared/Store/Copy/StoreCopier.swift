/// Fills an empty store with the rows of another, table by table in the order of their keys, and compares the two.
///
/// Blocks the thread it runs on. Cut anywhere, it goes on behind the last key that the target holds.
struct StoreCopier {
    /// Where a test can cut a copy.
    struct Moment: Sendable, Hashable {
        var table: String
        /// Rows of the table in the target.
        var rows: Int64
    }

    let source: SQLConnection
    let target: any StoreEngine
    let tables: [CopiedTable]
    let progress: @Sendable (StoreCopyProgress) -> Void
    var fault: (@Sendable (Moment) throws -> Void)?

    /// Rows of a page at most, and about how many bytes it may have: an answer is held in memory as a whole.
    private static let pageRows = 10...4_000
    private static let pageBytes = 2 << 20

    init(
        source: SQLConnection, target: any StoreEngine, rules: StoreCopyRules, progress: @escaping @Sendable (StoreCopyProgress) -> Void,
        fault: (@Sendable (Moment) throws -> Void)?
    ) throws {
        self.source = source
        self.target = target
        self.progress = progress
        self.fault = fault
        let theirs = try StoreCatalogue(source)
        let ours = try Self.read(target) { try StoreCatalogue($0) }
        let names = theirs.tables.map(\.name).filter(rules.isCopied)
        if let missing = Set(names).symmetricDifference(ours.tables.map(\.name).filter(rules.isCopied)).sorted().first {
            throw StoreCopyError.differs(table: missing, key: "", reason: "one of the two stores does not have this table")
        }
        tables = try names.map { name in
            guard let one = theirs[name], let other = ours[name] else {
                throw StoreCopyError.differs(table: name, key: "", reason: "one of the two stores does not have this table")
            }
            return try CopiedTable(name, source: one, target: other, rules: rules)
        }
    }

    static func read<T: Sendable>(_ engine: any StoreEngine, _ body: @escaping @Sendable (SQLConnection) throws -> T) throws -> T {
        let job = BlockingJob(body)
        engine.read(job)
        return try job.wait()
    }

    static func write<T: Sendable>(_ engine: any StoreEngine, _ body: @escaping @Sendable (SQLConnection) throws -> T) throws -> T {
        let job = BlockingJob(body)
        engine.write(job)
        return try job.wait()
    }

    // MARK: - Copying

    /// Returns the number of rows written.
    func copy() throws -> Int64 {
        try tables.reduce(0) { try $0 + copy($1) }
    }

    private func copy(_ table: CopiedTable) throws -> Int64 {
        let (known, reached) = try Self.read(target) { (try table.count($0), try table.lastKey($0)) }
        var report = Steps(.copying, table.name, before: known, total: try table.count(source), progress)
        var last = reached
        var limit = 200
        // While one page is written the next is read.
        var pending: (job: BlockingJob<Bool>, rows: Int)?
        func settle() throws {
            guard let (job, rows) = pending else { return }
            pending = nil
            _ = try job.wait()
            report.add(rows)
        }
        do {
            while true {
                let rows = try table.page(source, after: last, limit: limit, isSource: true)
                try settle()
                guard let end = rows.last else { break }
                for row in rows { try table.checkFit(row, target.dialect) }
                try fault?(Moment(table: table.name, rows: known + report.rows))
                let job = BlockingJob<Bool> { db in
                    try table.insert(rows, db)
                    return true
                }
                target.write(job)
                pending = (job, rows.count)
                last = table.key(of: end)
                limit = Self.next(limit, rows)
            }
            try settle()
        } catch {
            // What is on its way belongs to this thread: its end is waited for, or the target would be closed under it.
            if let (job, _) = pending { _ = try? job.wait() }
            throw error
        }
        report.end()
        try fault?(Moment(table: table.name, rows: known + report.rows))
        return report.rows
    }

    /// As many rows as make a page of about the same size each time.
    private static func next(_ limit: Int, _ rows: [CopiedTable.Row]) -> Int {
        let size = max(1, rows.reduce(0) { $0 + CopiedTable.size($1) } / rows.count)
        // Grows slowly: the rows behind may be larger.
        return min(max(pageRows.lowerBound, min(pageBytes / size, limit * 2)), pageRows.upperBound)
    }

    /// Has the target's own counters go on above what was copied.
    func restartCounters() throws {
        guard target.dialect.engine == .postgres else { return }
        let tables = tables
        _ = try Self.write(target) { db in
            for table in tables {
                for column in table.columns where column.isCounted {
                    let (name, field) = (CopiedTable.quoted(table.name), CopiedTable.quoted(column.name))
                    let next = try db.first("SELECT COALESCE(MAX(\(raw: field)), 0) + 1 FROM \(raw: name)") { $0.int(0) } ?? 1
                    try db.runScript("ALTER TABLE \(name) ALTER COLUMN \(field) RESTART WITH \(max(1, next))")
                }
            }
            return true
        }
    }

    // MARK: - Comparing

    /// Compares every value of every row. Returns the number of rows; throws `.differs` with the first difference.
    func verify() throws -> Int64 {
        try tables.reduce(0) { try $0 + verify($1) }
    }

    private func verify(_ table: CopiedTable) throws -> Int64 {
        let counts = (try table.count(source), try Self.read(target) { try table.count($0) })
        guard counts.0 == counts.1 else {
            throw StoreCopyError.differs(table: table.name, key: "", reason: "\(counts.0) rows in the source, \(counts.1) in the copy")
        }
        var report = Steps(.verifying, table.name, before: 0, total: counts.0, progress)
        var last: [SQLValue]?
        var limit = 200
        while true {
            let (after, count) = (last, limit)
            let job = BlockingJob { try table.page($0, after: after, limit: count, isSource: false) }
            target.read(job)
            let theirs = Result { try table.page(source, after: after, limit: count, isSource: true) }
            let ours = try job.wait()
            let rows = try theirs.get()
            for (row, copy) in zip(rows, ours) {
                guard table.isSameKey(row, copy) else {
                    throw StoreCopyError.differs(
                        table: table.name, key: table.keyText(row), reason: "the copy has \(table.keyText(copy)) in its place")
                }
                if let column = table.difference(row, copy) {
                    throw StoreCopyError.differs(
                        table: table.name, key: table.keyText(row), reason: "\(column) is not the same in the copy")
                }
            }
            if rows.count != ours.count, let odd = rows.dropFirst(ours.count).first ?? ours.dropFirst(rows.count).first {
                throw StoreCopyError.differs(table: table.name, key: table.keyText(odd), reason: "only one of the two stores has it")
            }
            report.add(rows.count)
            guard let end = rows.last else { break }
            last = table.key(of: end)
            limit = Self.next(limit, rows)
        }
        // Rows that no page can reach, such as those with NULL in their key.
        guard report.rows == counts.0 else {
            throw StoreCopyError.differs(
                table: table.name, key: "", reason: "\(counts.0) rows, of which only \(report.rows) can be reached by their key")
        }
        report.end()
        return report.rows
    }

    /// Says how far one table is, about once a second.
    private struct Steps {
        private(set) var rows: Int64 = 0
        private let stage: StoreCopyProgress.Stage
        private let table: String
        private let before: Int64
        private let total: Int64
        private let progress: @Sendable (StoreCopyProgress) -> Void
        private let began = ContinuousClock.now
        private var said = ContinuousClock.now

        init(
            _ stage: StoreCopyProgress.Stage, _ table: String, before: Int64, total: Int64,
            _ progress: @escaping @Sendable (StoreCopyProgress) -> Void
        ) {
            self.stage = stage
            self.table = table
            self.before = before
            self.total = total
            self.progress = progress
        }

        mutating func add(_ count: Int) {
            rows += Int64(count)
            guard said.duration(to: .now) >= .seconds(1) else { return }
            said = .now
            say(isEnd: false)
        }

        func end() { say(isEnd: true) }

        private func say(isEnd: Bool) {
            progress(
                StoreCopyProgress(
                    stage: stage, table: table, rows: rows, before: before, total: total, seconds: began.duration(to: .now).inSeconds,
                    isEnd: isEnd))
        }
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
