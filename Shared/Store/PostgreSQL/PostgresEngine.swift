#if Postgres
    import Logging
    import Synchronization

    /// A PostgreSQL server behind the store: a few threads that write and a few that read, each owning a connection.
    ///
    /// Writes are serializable transactions, so that what a closure checked still holds when it commits; whoever would break that runs again.
    /// Reads see one snapshot. See docs/adr/0010.
    final class PostgresEngine: StoreEngine {
        let dialect = SQLDialect.postgres

        private let address: PostgresAddress
        private let options: StoreOptions
        private let logger: Logger
        private let writes: JobQueue
        private let reads: JobQueue
        private let counters = StoreCounters()
        private let gate = PostgresGate()
        private let threads = Mutex<[WorkerThread]>([])

        /// Blocks until the server was found fit.
        init(url: String, options: StoreOptions, logger: Logger) throws {
            address = try PostgresAddress(url, isPatient: options.isPatient)
            self.options = options
            self.logger = logger
            writes = JobQueue(limit: options.queueLimit)
            reads = JobQueue(limit: options.queueLimit)
            try PostgresSetUp(address: address, logger: logger).run()
            try start()
        }

        var statistics: StoreStatistics {
            var statistics = counters.current
            statistics.waitingReads = reads.count
            statistics.waitingWrites = writes.count
            return statistics
        }

        func read(_ job: StoreJob) { add(job, to: reads, "reads") }
        func write(_ job: StoreJob) { add(job, to: writes, "writes") }

        func backup(to path: String) throws {
            throw StoreError.misuse("a PostgreSQL store is copied row by row")
        }

        func close() {
            writes.close()
            reads.close()
            threads.withLock { threads in
                for thread in threads { thread.join() }
                threads = []
            }
        }

        private func add(_ job: StoreJob, to queue: JobQueue, _ what: String) {
            switch queue.add(job) {
            case .accepted: break
            case .full: job.finish(StoreError.unavailable("\(options.queueLimit) \(what) wait already"))
            case .closed: job.finish(StoreError.unavailable("it is closed"))
            }
        }

        private func start() throws {
            do {
                for _ in 0..<options.writers {
                    let writer = try WorkerThread(name: "store-write") { self.serveWrites() }
                    threads.withLock { $0.append(writer) }
                }
                for _ in 0..<options.readers {
                    let reader = try WorkerThread(name: "store-read") { self.serveReads() }
                    threads.withLock { $0.append(reader) }
                }
            } catch {
                close()
                throw error
            }
        }

        // MARK: - The threads

        private func serveWrites() {
            let session = PostgresSession(
                address.forWriting(), isWriter: true, statementLimit: options.statementLimit, connectionFault: options.connectionFault)
            defer { session.shutDown() }
            let writer = PostgresWriter(session: session, gate: gate, counters: counters, logger: logger)
            var seen = 0
            while true {
                let group = writes.take(upTo: min(options.groupLimit, writer.groupSize), sharers: options.writers, claimsApart: true)
                if group.isEmpty { break }
                writer.run(group)
                note(session, &seen)
            }
        }

        private func serveReads() {
            let session = PostgresSession(address, isWriter: false, statementLimit: options.statementLimit)
            defer { session.shutDown() }
            let connection = SQLConnection(session)
            var seen = 0
            while let job = reads.take(upTo: 1).first {
                answer(job, session, connection)
                note(session, &seen)
            }
        }

        /// A read that lost its connection (or, on a standby, its snapshot) runs again; nothing was changed by it.
        private func answer(_ job: StoreJob, _ session: PostgresSession, _ connection: SQLConnection) {
            let began = ContinuousClock.now
            while true {
                var failure: PostgresFailure
                do throws(PostgresFailure) {
                    try session.begin()
                    let thrown = job.run(connection)
                    guard let ending = session.ending else {
                        counters.update { $0.reads += 1 }
                        job.finish(thrown ?? session.failure)
                        // After the answer: it is of no more interest to who asked.
                        session.rollback()
                        return
                    }
                    session.rollback()
                    failure = ending
                } catch {
                    failure = error
                }
                if failure.consequence == .followed { continue }
                let down = session.downSince ?? .now
                guard began.duration(to: .now) < .seconds(5), down.duration(to: .now) < .seconds(5) else {
                    job.finish(failure.error)
                    return
                }
                PostgresWriter.sleep(milliseconds: max(1, session.pause))
            }
        }

        private func note(_ session: PostgresSession, _ seen: inout Int) {
            guard session.reconnections > seen else { return }
            let count = session.reconnections - seen
            seen = session.reconnections
            counters.update { $0.reconnections += count }
            logger.info("connected to the server again")
        }
    }
#endif
