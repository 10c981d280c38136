#if Postgres
    /// One connection on the thread that owns it: transactions, savepoints, prepared statements. Makes the connection anew after it broke, but
    /// never inside a transaction.
    final class PostgresSession: EngineConnection {
        private let address: PostgresAddress
        private let isWriter: Bool
        private let connectionFault: (@Sendable (ConnectionMoment) -> Bool)?
        private var connection: PostgresConnection?
        private(set) var cache: PostgresStatementCache
        private let statementLimit: Int
        private var depth = 0
        private var isInTransaction = false
        /// Whether the server was told of this transaction.
        private var hasBegun = false
        /// A claim leaves no mark: nobody looks for what became of it.
        private var isClaim = false
        /// Whether a read was begun in so many words.
        private var isExplicit = false
        /// The first statement of this read, and how many there were.
        private var opener: PostgresStatementCache.Statement?
        private var spoken = 0
        /// The read was ended with its first statement, since that was always the only one.
        private var isOver = false
        /// The store's own words that travel with the next statement.
        private var queued: [PostgresControl] = []
        /// Prepared statements that the server can forget.
        private var gone: [String] = []
        private let values = PostgresValues()
        private let noValues = PostgresValues()
        private var isUnlimited = false
        private var hasWritten = false
        /// The unique values that were found taken, since this was last emptied.
        var duplicates: Set<String> = []
        /// Why this transaction cannot be committed any more and has to run again, whatever the closure makes of it.
        private(set) var ending: PostgresFailure?
        /// The statement that failed, and how deep in savepoints: nothing goes on before the rollback to one around it.
        private var spoiled: (error: StoreError, depth: Int)?

        /// This connection's row in `store_commits`, and the number of its latest commit there.
        let mark = "w_" + String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
        private var commits: Int64 = 0

        /// When the connection broke and could not be had again since.
        private(set) var downSince: ContinuousClock.Instant?
        private var nextTry = ContinuousClock.now
        /// Why it could not be had.
        private var refusal = PostgresFailure.lost("the server cannot be reached")
        private var wait = Duration.milliseconds(50)
        private var wasConnected = false
        /// Connections made after one had broken.
        private(set) var reconnections = 0

        init(
            _ address: PostgresAddress, isWriter: Bool, statementLimit: Int, connectionFault: (@Sendable (ConnectionMoment) -> Bool)? = nil
        ) {
            self.address = address
            self.isWriter = isWriter
            self.statementLimit = statementLimit
            self.connectionFault = connectionFault
            cache = PostgresStatementCache(limit: statementLimit)
        }

        let dialect = SQLDialect.postgres

        // MARK: - The connection

        /// Milliseconds until the server may be asked for a connection again.
        var pause: Int64 {
            let left = ContinuousClock.now.duration(to: nextTry).components
            return max(0, left.seconds * 1_000 + left.attoseconds / 1_000_000_000_000_000)
        }

        private func connected() throws(PostgresFailure) -> PostgresConnection {
            if let connection {
                if connection.isOpen { return connection }
                // It broke while nobody used it.
                disconnect()
            }
            let now = ContinuousClock.now
            guard now >= nextTry else { throw refusal }
            do throws(PostgresFailure) {
                let made = try PostgresConnection(address, isWriter: isWriter)
                try introduce(made)
                connection = made
                downSince = nil
                wait = .milliseconds(50)
                if wasConnected { reconnections += 1 }
                wasConnected = true
                return made
            } catch {
                refusal = error
                downSince = downSince ?? now
                nextTry = .now.advanced(by: wait)
                wait = min(wait * 2, .seconds(1))
                throw error
            }
        }

        /// Lets go of a broken connection; the next transaction makes another.
        private func disconnect() {
            connection?.cut()
            connection = nil
            cache.removeAll()
            cache = PostgresStatementCache(limit: statementLimit)
            gone = []
            isInTransaction = false
        }

        /// Says what holds for all transactions of this connection, and prepares the store's own words.
        private func introduce(_ connection: PostgresConnection) throws(PostgresFailure) {
            if !isWriter {
                _ = try connection.run(
                    "SET default_transaction_isolation = 'repeatable read'; SET default_transaction_read_only = on")
            }
            for control in PostgresControl.prepared(isWriter: isWriter) { try connection.prepare(control.name, control.text, []) }
            if isWriter { try connection.prepare(Self.markName, Self.markText, [25, 20, 20]) }
            try connection.end()
            _ = try connection.hear()
        }

        /// Gives the connection back to the server in good order.
        func shutDown() {
            rollback()
            connection = nil
            cache.removeAll()
        }

        // MARK: - Transactions

        /// Begins a transaction. The server hears of it with the first statement; one without statements never reaches it.
        ///
        /// A read has no BEGIN: what is sent up to the protocol's next Sync is one transaction, and readers' transactions are all alike. A
        /// statement that was a read's only one so far brings the Sync along, which saves the server a message; should another one follow after
        /// all, the read runs again, and from then on waits for what comes.
        func begin(isGroup: Bool = false, isClaim: Bool = false) throws(PostgresFailure) {
            rollback()
            ending = nil
            spoiled = nil
            depth = 0
            hasWritten = false
            isUnlimited = false
            hasBegun = false
            self.isClaim = isClaim
            isExplicit = false
            opener = nil
            spoken = 0
            isOver = false
            queued.removeAll(keepingCapacity: true)
            _ = try connected()
            if isWriter { queued.append(isClaim ? .beginClaim : .beginWrite) }
            // Two groups that hold rows the other waits for would stand still until the server looks for deadlocks, a second later.
            if isGroup { queued.append(.groupLockLimit) }
            isInTransaction = true
        }

        enum Commit {
            case kept
            /// Refused by the server; nothing was kept.
            case refused(PostgresFailure)
            /// The answer was not heard. `resolve` finds out.
            case unheard
        }

        /// Commits, leaving the number of this commit in the session's row of `store_commits`, in the same transaction: see `resolve`.
        func commit(at now: Int64) -> Commit {
            if let ending { return .refused(ending) }
            if let spoiled { return .refused(PostgresFailure(consequence: .statement, error: spoiled.error)) }
            guard isInTransaction, let connection else { return .refused(.lost("the connection to the server broke")) }
            guard hasBegun else {
                isInTransaction = false
                return .kept
            }
            if connectionFault?(.beforeCommit) == true { connection.cut() }
            isInTransaction = false
            do throws(PostgresFailure) {
                try sendQueued(connection)
                if hasWritten, !isClaim {
                    commits += 1
                    try mark(connection, now)
                }
                try connection.execute(PostgresControl.commit.name, noValues, isControl: true)
                try connection.end()
                let answer = try connection.hear()
                if connectionFault?(.afterCommit) == true { throw PostgresFailure.lost("a fault made by a test") }
                // A transaction that cannot be committed answers COMMIT with ROLLBACK.
                guard answer?.tag == "COMMIT" else {
                    return .refused(PostgresFailure(consequence: .conflict, error: .busy))
                }
                return .kept
            } catch {
                if error.consequence == .lost || error.state == "40003" {
                    disconnect()
                    // Without a write there is nothing to have been kept: run it again.
                    return hasWritten && !isClaim ? .unheard : .refused(.lost("the connection to the server broke"))
                }
                // A failed mark leaves the transaction open.
                isInTransaction = connection.isInTransaction
                rollback()
                if error.consequence == .stale { forgetStatements() }
                return .refused(error)
            }
        }

        private static let markName = "v_mark"
        private static let markText = """
            INSERT INTO store_commits (id, number, used_at) VALUES ($1, $2, $3) \
            ON CONFLICT (id) DO UPDATE SET number = excluded.number, used_at = excluded.used_at
            """

        private func mark(_ connection: PostgresConnection, _ now: Int64) throws(PostgresFailure) {
            do throws(StoreError) {
                try values.fill([.text(mark), .int(commits), .int(now)])
            } catch {
                throw PostgresFailure(consequence: .statement, error: error)
            }
            try connection.execute(Self.markName, values, isControl: true)
        }

        /// After an unheard commit: whether it was kept. Throws when the server cannot be asked (yet).
        ///
        /// Writes the session's row, which waits for the old transaction if that is just committing; and should it still be on its way, it
        /// comes too late: its own write of the row meets a newer one than its snapshot and is refused.
        func resolve(at now: Int64) throws(PostgresFailure) -> Bool {
            do throws(PostgresFailure) {
                let connection = try connected()
                let answer = try connection.run(Self.lookUp(mark, now))
                guard connection.lastTag == "COMMIT", answer.rows == 1 else {
                    throw PostgresFailure.lost("the commit could not be looked up")
                }
                return answer.int(0) == commits
            } catch {
                // Whatever it is: begin with a new connection.
                disconnect()
                nextTry = max(nextTry, .now.advanced(by: .milliseconds(50)))
                throw error
            }
        }

        static func lookUp(_ mark: String, _ now: Int64) -> String {
            """
            BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; \
            INSERT INTO store_commits (id, number, used_at) VALUES ('\(mark)', 0, \(now)) \
            ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at RETURNING number; \
            COMMIT
            """
        }

        /// Ends the transaction, if there is one, without keeping anything. Nobody waits for the server's answer; the next one comes behind it.
        func rollback() {
            guard isInTransaction else { return }
            isInTransaction = false
            queued.removeAll(keepingCapacity: true)
            if spoken == 1, ending == nil { opener?.wasAlone = true }
            guard hasBegun, let connection else { return }
            do throws(PostgresFailure) {
                if isWriter || isExplicit { try connection.execute(PostgresControl.rollback.name, noValues, isControl: true) }
                if !isOver { try connection.end() }
                if ending?.consequence == .stale { forgetStatements() }
            } catch {
                disconnect()
            }
        }

        func savepoint() throws {
            try checkTransaction()
            // A savepoint needs a transaction that was begun in so many words.
            if !isWriter, depth == 0, !isExplicit {
                queued.append(.beginRead)
                isExplicit = true
            }
            queued.append(.savepoint(depth))
            depth += 1
        }

        func releaseSavepoint() throws {
            // What failed in it was caught by the closure, which cannot go on from there: the savepoint is undone and the failure said again.
            if ending == nil, let spoiled, spoiled.depth >= depth {
                try rollbackToSavepoint()
                throw spoiled.error
            }
            try checkTransaction()
            depth -= 1
            // Nothing was said in it.
            if queued.last == .savepoint(depth) { queued.removeLast() } else { queued.append(.release(depth)) }
        }

        func rollbackToSavepoint() throws {
            depth -= 1
            if let ending { throw ending.error }
            guard isInTransaction else { throw StoreError.misuse("a statement outside a transaction") }
            if let spoiled, spoiled.depth > depth { self.spoiled = nil }
            if queued.last == .savepoint(depth) {
                queued.removeLast()
            } else {
                queued += [.rollbackTo(depth), .release(depth)]
            }
        }

        /// Puts what was queued in front of the next statement.
        private func sendQueued(_ connection: PostgresConnection) throws(PostgresFailure) {
            hasBegun = true
            for control in queued {
                if control.isPrepared {
                    try connection.execute(control.name, noValues, isControl: true)
                } else {
                    try connection.execute(once: control.text, isControl: true)
                }
            }
            queued.removeAll(keepingCapacity: true)
        }

        /// Makes this the only transaction of all processes that migrates. They meet in one row; whoever waited for it finds that its snapshot
        /// is too old, and begins again with what the other did.
        func lockMigrations() throws {
            isUnlimited = true
            try runScript("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            try runScript(
                """
                INSERT INTO store_commits (id, number, used_at) VALUES ('migrations', 1, 0)
                ON CONFLICT (id) DO UPDATE SET number = store_commits.number + 1
                """)
        }

        // MARK: - Statements

        func execute(_ sql: SQL) throws -> Int {
            try answer(sql).changes
        }

        func query(_ sql: SQL, _ body: (SQLRow) throws -> Bool) throws {
            let result = try answer(sql)
            let row = SQLRow(result)
            for index in 0..<result.rows {
                result.stand(on: index)
                guard try body(row) else { return }
            }
        }

        func runScript(_ text: String) throws {
            try checkTransaction()
            for statement in PostgresText.statements(text) {
                try checkAllowed(statement)
                hasWritten = true
                _ = try controlled { connection throws(PostgresFailure) in
                    try sendQueued(connection)
                    try connection.execute(once: statement, isControl: false)
                    return try heard(connection)
                }
            }
        }

        private func answer(_ sql: SQL) throws -> PostgresResult {
            try checkTransaction()
            let known = cache.find(sql.text)
            let translated = known == nil ? try translated(sql.text) : nil
            let places = known?.places ?? translated?.places ?? 0
            guard places == sql.values.count else {
                throw StoreError.misuse("a statement has \(places) places for values and got \(sql.values.count)")
            }
            try values.fill(sql.values)
            let result = try controlled { connection throws(PostgresFailure) in
                try sendQueued(connection)
                if let known, fits(known, sql.values) {
                    try connection.execute(known.name, values)
                    if !isWriter {
                        if spoken == 0 {
                            opener = known
                            isOver = known.wasAlone && !known.wasFollowed && !isExplicit
                        }
                        spoken += 1
                    }
                    return try heard(connection)
                }
                return try prepareAndExecute(sql, known, connection)
            }
            if !result.isSelect { hasWritten = true }
            return result
        }

        /// Sends what is queued and waits for the answer. A write's transaction goes on behind the protocol's Sync, a read's ends with it.
        private func heard(_ connection: PostgresConnection) throws(PostgresFailure) -> PostgresResult {
            if isWriter || isExplicit || isOver { try connection.end() } else { try connection.push() }
            guard let result = try connection.hear(isUnlimited: isUnlimited) else { throw .lost("the connection to the server broke") }
            return result
        }

        private func translated(_ text: String) throws -> PostgresText.Translated {
            guard text.contains(where: { !$0.isWhitespace && $0 != ";" }) else { throw StoreError.misuse("an empty statement") }
            try checkAllowed(text)
            return PostgresText.translated(text)
        }

        /// A statement is prepared with the types of its first values. NULL has none: where a value of a type comes later, it is prepared once
        /// more.
        private func fits(_ statement: PostgresStatementCache.Statement, _ values: [SQLValue]) -> Bool {
            for index in values.indices {
                let type = PostgresValues.type(values[index])
                if type != 0, statement.types[index] != type { return false }
            }
            return true
        }

        private func prepareAndExecute(
            _ sql: SQL, _ known: PostgresStatementCache.Statement?, _ connection: PostgresConnection
        ) throws(PostgresFailure) -> PostgresResult {
            var types = known?.types ?? Array(repeating: 0, count: sql.values.count)
            for (index, value) in sql.values.enumerated() where PostgresValues.type(value) != 0 {
                types[index] = PostgresValues.type(value)
            }
            let translated = PostgresText.translated(sql.text)
            let statement = PostgresStatementCache.Statement(name: cache.newName(), places: translated.places, types: types)
            for name in gone { try connection.execute(once: "DEALLOCATE \(name)", isControl: true) }
            let forgotten = gone.count
            try connection.prepare(statement.name, translated.text, types)
            try connection.execute(statement.name, values)
            // It stays prepared when it fails, and when the transaction is rolled back.
            if spoken == 0, !isWriter { opener = statement }
            spoken += 1
            defer {
                if connection.hasPrepared {
                    gone.removeFirst(min(forgotten, gone.count))
                    gone += cache.keep(statement, sql.text)
                }
            }
            return try heard(connection)
        }

        private func forgetStatements() {
            cache.removeAll()
            gone = []
            do throws(PostgresFailure) {
                guard let connection else { return }
                _ = try connection.run("DEALLOCATE ALL")
                try introduce(connection)
            } catch {
                disconnect()
            }
        }

        /// Transactions belong to the store.
        private func checkAllowed(_ text: String) throws {
            let word = PostgresText.firstWord(text)
            if Self.refused.contains(word) { throw StoreError.misuse("\(word) is the store's to say") }
        }

        private static let refused: Set<String> = [
            "BEGIN", "START", "COMMIT", "END", "ABORT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PREPARE", "DEALLOCATE", "DISCARD", "COPY",
            "VACUUM",
            "LISTEN",
        ]

        /// Talks to the server and notes what a failure means for the transaction.
        private func controlled(
            _ body: (PostgresConnection) throws(PostgresFailure) -> PostgresResult
        ) throws(StoreError) -> PostgresResult {
            guard let connection else { throw .misuse("a statement outside a transaction") }
            do throws(PostgresFailure) {
                return try body(connection)
            } catch {
                var failure = error
                // The server became one that only reads: another one writes now.
                if isWriter, failure.state == "25006" { failure = .onlyReads }
                if let duplicate = failure.duplicate { duplicates.insert(duplicate) }
                switch failure.consequence {
                case .statement: spoiled = spoiled ?? (failure.error, depth)
                case .conflict, .stale, .followed: ending = failure
                case .lost:
                    ending = failure
                    disconnect()
                }
                throw failure.error
            }
        }

        private func checkTransaction() throws {
            if isOver { ending = PostgresFailure(consequence: .followed, error: .busy) }
            if !isWriter, spoken > 0 { opener?.wasFollowed = true }
            if let ending { throw ending.error }
            if let spoiled { throw spoiled.error }
            guard isInTransaction else { throw StoreError.misuse("a statement outside a transaction") }
        }

        /// What makes a closure that did not throw a failed one all the same.
        var failure: StoreError? { ending?.error ?? spoiled?.error }
    }
#endif
