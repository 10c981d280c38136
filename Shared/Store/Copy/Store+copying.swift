public import Logging

extension Store {
    /// The migrations of a service's store, by set.
    public typealias Migrations = [(set: String, [Migration])]

    /// Copies a whole store into an empty one of either engine, and compares every value afterwards.
    ///
    /// The source is read from one snapshot and not changed; nobody may have it open. The target gets the source's schema, then its rows, then what
    /// this program's schema has beyond that. Until everything is done no service opens the target (`StoreError.unfinishedCopy`). A copy that was
    /// cut goes on where it was when it is called again with the same source; should that have changed meanwhile, comparing finds it.
    ///
    /// - Parameters:
    ///   - check: looks at the finished copy; what it returns says what is wrong, nil that nothing is.
    ///   - progress: called from a thread of the copy's own, for each table at its end and about once a second before.
    ///
    /// Throws `StoreCopyError` and `StoreError`.
    public static func copy(
        from: String, to: String, migrations: Migrations, rules: StoreCopyRules, logger: Logger,
        check: @escaping @Sendable (SQLConnection) throws -> String? = { _ in nil },
        progress: @escaping @Sendable (StoreCopyProgress) -> Void = { _ in }
    ) async throws -> StoreCopyReport {
        let addresses = (try StoreURL(from), try StoreURL(to))
        guard addresses.0 != addresses.1 else { throw StoreError.misuse("a store cannot be copied into itself") }
        let source = try await WorkerThread.run(name: "store-copy") { try StoreSource(addresses.0, isExclusive: true) }
        defer { source.close() }
        return try await fill(
            to, from: source, migrations: migrations, rules: rules, logger: logger, check: check, progress: progress, isSourceInUse: false)
    }

    /// - Parameter isSourceInUse: true for a backup, whose source goes on meanwhile.
    static func fill(
        _ url: String, from source: StoreSource, migrations: Migrations, rules: StoreCopyRules, logger: Logger,
        check: @escaping @Sendable (SQLConnection) throws -> String? = { _ in nil },
        progress: @escaping @Sendable (StoreCopyProgress) -> Void = { _ in }, isSourceInUse: Bool,
        fault: (@Sendable (StoreCopier.Moment) throws -> Void)? = nil
    ) async throws -> StoreCopyReport {
        let levels = try await WorkerThread.run(name: "store-copy") {
            try source.snapshot { db in
                if !isSourceInUse, let holder = try rules.holder(db) { throw StoreCopyError.inUse(holder) }
                return try standing(db, migrations).levels
            }
        }
        var options = StoreOptions(readers: 1, writers: 1)
        options.isPatient = true
        let target = try await Store.open(url, migrations: [], logger: logger, options: options)
        do {
            let report = try await target.take(
                source, levels, migrations: migrations, rules: rules, logger: logger, check: check, progress: progress, fault: fault)
            await target.close()
            return report
        } catch {
            await target.close()
            throw error
        }
    }

    private func take(
        _ source: StoreSource, _ levels: [String: Int], migrations: Migrations, rules: StoreCopyRules, logger: Logger,
        check: @escaping @Sendable (SQLConnection) throws -> String?, progress: @escaping @Sendable (StoreCopyProgress) -> Void,
        fault: (@Sendable (StoreCopier.Moment) throws -> Void)?
    ) async throws -> StoreCopyReport {
        let migrator = Migrator(store: self, logger: logger)
        try await begin(migrator, "from \(source.address.place)", rules)
        var report = StoreCopyReport()
        let reached = try await read(Migrator.applied)
        // Beyond the source's schema only once everything was copied and compared.
        if !reached.contains(where: { $0.set != Migrator.copySet && $0.number > levels[$0.set] ?? 0 }) {
            try await migrator.run(migrations, upTo: levels, isCopy: true)
            let engine = self.engine
            report = try await WorkerThread.run(name: "store-copy") {
                try source.snapshot { db in
                    let copier = try StoreCopier(source: db, target: engine, rules: rules, progress: progress, fault: fault)
                    var report = StoreCopyReport()
                    let began = ContinuousClock.now
                    report.tables = copier.tables.count
                    report.copied = try copier.copy()
                    try copier.restartCounters()
                    report.copySeconds = began.duration(to: .now).inSeconds
                    report.rows = try copier.verify()
                    report.verifySeconds = began.duration(to: .now).inSeconds - report.copySeconds
                    return report
                }
            }
        }
        try await migrator.run(migrations, isCopy: true)
        if let wrong = try await read(check) { throw StoreCopyError.wrong(wrong) }
        try await write { db in
            try db.execute("DELETE FROM schema_migrations WHERE migration_set = \(Migrator.copySet)")
        }
        return report
    }

    /// Marks an empty store as one that is being filled, or finds it marked.
    private func begin(_ migrator: Migrator, _ name: String, _ rules: StoreCopyRules) async throws {
        let isNew = try await read { try StoreCatalogue($0)["schema_migrations"] == nil }
        let marks = isNew ? [] : try await read(Migrator.applied).filter { $0.set == Migrator.copySet }
        if let mark = marks.first {
            guard mark.name == name else {
                throw StoreCopyError.occupied(
                    "another copy into this store was begun (\(mark.name)): go on with that one, or empty the store")
            }
            return
        }
        let full = try await read { db in
            try StoreCatalogue(db).tables.map(\.name).filter(rules.isCopied)
                .first { try db.exists("SELECT 1 FROM \(raw: CopiedTable.quoted($0)) LIMIT 1") }
        }
        if let full { throw StoreCopyError.occupied("the target holds data already (in \(full)); a copy goes into an empty store") }
        try await migrator.createTable()
        try await write { db in
            try db.execute(
                """
                INSERT INTO schema_migrations (migration_set, number, name, applied_at)
                VALUES (\(Migrator.copySet), 1, \(name), \(Migrator.wallClock()))
                """)
        }
    }

    /// What is known of a store's schema. Throws as `open` does, and `StoreCopyError.foreign` when it is not one of these migrations.
    static func standing(_ db: SQLConnection, _ migrations: Migrations) throws -> Standing {
        guard try StoreCatalogue(db)["schema_migrations"] != nil else {
            throw StoreCopyError.foreign("this is no store of Vefa's: it holds no list of migrations")
        }
        let applied = try Migrator.applied(db)
        for (set, steps) in migrations where !steps.isEmpty && !applied.contains(where: { $0.set == set }) {
            throw StoreCopyError.foreign("this is another service's store: it holds no tables of '\(set)'")
        }
        try Migrator.checkStore(applied, migrations)
        return Standing(levels: Dictionary(applied.map { ($0.set, $0.number) }, uniquingKeysWith: max))
    }

    /// How far a store's schema is.
    public struct Standing: Sendable, Hashable {
        /// The last migration of each set.
        public let levels: [String: Int]
    }

    /// Looks at a store without opening it: whether it is whole (SQLite's own check), one of these migrations', and not of a newer program. It may
    /// be in use.
    public static func inspect(_ url: String, migrations: Migrations) async throws -> Standing {
        let address = try StoreURL(url)
        return try await WorkerThread.run(name: "store-inspect") {
            try StoreSource(address, isExclusive: false).snapshot { db in
                if db.dialect.engine == .sqlite {
                    let said = try db.first("PRAGMA integrity_check(1)") { $0.text(0) } ?? ""
                    guard said == "ok" else { throw StoreError.corrupt(said) }
                }
                return try standing(db, migrations)
            }
        }
    }
}
