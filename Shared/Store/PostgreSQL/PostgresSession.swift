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
        private var isUnlimited = false
        private var hasWritten = false
        /// A unique value was taken, since this was last set to false.
        var metDuplicate = false
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
            if let connection { return connection }
            let now = ContinuousClock.now
            guard now >= nextTry else { throw refusal }
            do throws(PostgresFailure) {
                let made = try PostgresConnection(address)
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
            isInTransaction = false
        }

        /// Gives the connection back to the server in good order.
        func shutDown() {
            rollback()
            connection = nil
            cache.removeAll()
        }

        // MARK: - Transactions

        func begin(isGroup: Bool = false, isClaim: Bool = false) throws(PostgresFailure) {
            rollback()
            ending = nil
            spoiled = nil
            depth = 0
            hasWritten = false
            isUnlimited = false
            var text =
                switch (isWriter, isClaim) {
                case (false, _): "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                case (true, false): "BEGIN ISOLATION LEVEL SERIALIZABLE, READ WRITE"
                case (true, true): "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE"
                }
            // Two groups that hold rows the other waits for would stand still until the server looks for deadlocks, a second later.
            if isGroup { text += "; SET LOCAL lock_timeout = 50" }
            // A connection that broke while nobody used it is found out here. Nothing was begun yet: once more.
            let isFresh = connection == nil
            do throws(PostgresFailure) {
                _ = try connected().run(text)
            } catch {
                if error.consequence == .lost { disconnect() }
                guard error.consequence == .lost, !isFresh else { throw error }
                do throws(PostgresFailure) {
                    _ = try connected().run(text)
                } catch {
                    disconnect()
                    throw error
                }
            }
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
            if connectionFault?(.beforeCommit) == true { connection.cut() }
            isInTransaction = false
            do throws(PostgresFailure) {
                if hasWritten {
                    commits += 1
                    _ = try connection.run(Self.marked(mark, commits, now) + "; COMMIT")
                } else {
                    _ = try connection.run("COMMIT")
                }
                if connectionFault?(.afterCommit) == true { throw PostgresFailure.lost("a fault made by a test") }
                // A transaction that cannot be committed answers COMMIT with ROLLBACK.
                guard connection.lastTag == "COMMIT" else {
                    return .refused(PostgresFailure(consequence: .conflict, error: .busy))
                }
                return .kept
            } catch {
                if error.consequence == .lost || error.state == "40003" {
                    disconnect()
                    // Without a write there is nothing to have been kept: run it again.
                    return hasWritten ? .unheard : .refused(.lost("the connection to the server broke"))
                }
                // The failed mark leaves the transaction open.
                isInTransaction = true
                rollback()
                if error.consequence == .stale { forgetStatements() }
                return .refused(error)
            }
        }

        private static func marked(_ mark: String, _ number: Int64, _ now: Int64) -> String {
            """
            INSERT INTO store_commits (id, number, used_at) VALUES ('\(mark)', \(number), \(now)) \
            ON CONFLICT (id) DO UPDATE SET number = excluded.number, used_at = excluded.used_at
            """
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

        /// Ends the transaction, if there is one, without keeping anything.
        func rollback() {
            guard isInTransaction else { return }
            isInTransaction = false
            do throws(PostgresFailure) {
                _ = try connection?.run("ROLLBACK")
            } catch {
                disconnect()
            }
            if ending?.consequence == .stale { forgetStatements() }
        }

        func savepoint() throws {
            try checkTransaction()
            _ = try controlled { connection throws(PostgresFailure) in try connection.run("SAVEPOINT level_\(depth)") }
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
            _ = try controlled { connection throws(PostgresFailure) in try connection.run("RELEASE SAVEPOINT level_\(depth)") }
        }

        func rollbackToSavepoint() throws {
            depth -= 1
            if let ending { throw ending.error }
            guard isInTransaction else { throw StoreError.misuse("a statement outside a transaction") }
            if let spoiled, spoiled.depth > depth { self.spoiled = nil }
            _ = try controlled { connection throws(PostgresFailure) in
                try connection.run("ROLLBACK TO SAVEPOINT level_\(depth); RELEASE SAVEPOINT level_\(depth)")
            }
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
                _ = try controlled { connection throws(PostgresFailure) in try connection.run(statement, isUnlimited: isUnlimited) }
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
            let values = try PostgresValues(sql.values)
            let result = try controlled { connection throws(PostgresFailure) in
                let statement = try prepared(sql, known, connection)
                return try connection.execute(statement.name, values)
            }
            if !result.tag.hasPrefix("SELECT") { hasWritten = true }
            return result
        }

        private func translated(_ text: String) throws -> PostgresText.Translated {
            guard text.contains(where: { !$0.isWhitespace && $0 != ";" }) else { throw StoreError.misuse("an empty statement") }
            try checkAllowed(text)
            return PostgresText.translated(text)
        }

        /// A statement is prepared with the types of its first values. NULL has none: where a value of a type comes later, it is prepared once
        /// more.
        private func prepared(
            _ sql: SQL, _ known: PostgresStatementCache.Statement?, _ connection: PostgresConnection
        ) throws(PostgresFailure) -> PostgresStatementCache.Statement {
            var types = known?.types ?? Array(repeating: 0, count: sql.values.count)
            var fits = known != nil
            for (index, value) in sql.values.enumerated() {
                let type = PostgresValues.type(value)
                if type != 0, types[index] != type {
                    types[index] = type
                    fits = false
                }
            }
            if fits, let known { return known }
            let translated = PostgresText.translated(sql.text)
            let statement = PostgresStatementCache.Statement(name: cache.newName(), places: translated.places, types: types)
            try connection.prepare(statement.name, translated.text, types)
            let gone = cache.keep(statement, sql.text)
            if !gone.isEmpty { _ = try connection.run(gone.map { "DEALLOCATE \($0)" }.joined(separator: "; ")) }
            return statement
        }

        private func forgetStatements() {
            cache.removeAll()
            do throws(PostgresFailure) {
                _ = try connection?.run("DEALLOCATE ALL")
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
        private func controlled(_ body: (PostgresConnection) throws(PostgresFailure) -> PostgresResult) throws(StoreError) -> PostgresResult
        {
            guard let connection else { throw .misuse("a statement outside a transaction") }
            do throws(PostgresFailure) {
                return try body(connection)
            } catch {
                var failure = error
                // The server became one that only reads: another one writes now.
                if isWriter, failure.state == "25006" { failure = .lost("the server only reads now") }
                if failure.state == "23505" { metDuplicate = true }
                switch failure.consequence {
                case .statement: spoiled = spoiled ?? (failure.error, depth)
                case .conflict, .stale: ending = failure
                case .lost:
                    ending = failure
                    disconnect()
                }
                throw failure.error
            }
        }

        private func checkTransaction() throws {
            if let ending { throw ending.error }
            if let spoiled { throw spoiled.error }
            guard isInTransaction else { throw StoreError.misuse("a statement outside a transaction") }
        }

        /// What makes a closure that did not throw a failed one all the same.
        var failure: StoreError? { ending?.error ?? spoiled?.error }
    }
#endif
