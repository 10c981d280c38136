import Logging

/// Group commit: the writes that wait together share one transaction, a savepoint each, and are answered after its commit is on disk.
struct SQLiteWriter {
    let session: SQLiteSession
    let connection: SQLConnection
    let counters: StoreCounters
    let logger: Logger
    let commitFault: (@Sendable () -> Int32?)?

    init(session: SQLiteSession, counters: StoreCounters, logger: Logger, commitFault: (@Sendable () -> Int32?)?) {
        self.session = session
        self.connection = SQLConnection(session)
        self.counters = counters
        self.logger = logger
        self.commitFault = commitFault
    }

    /// Runs every job to its answer.
    func run(_ group: [StoreJob]) {
        if group.count == 1 {
            runAlone(group[0])
        } else {
            for job in runTogether(group) { runAlone(job) }
        }
    }

    private func runAlone(_ job: StoreJob) {
        do {
            try session.begin()
        } catch {
            finish([job], error)
            return
        }
        let thrown = job.run(connection)
        if let error = session.lost ?? thrown {
            session.rollback()
            finish([job], error)
            return
        }
        do {
            try commit()
            counters.update {
                $0.commits += 1
                $0.writes += 1
            }
            job.finish(nil)
        } catch {
            finish([job], error)
        }
    }

    /// Answers what it can and returns the jobs that have to run again, each in a transaction of its own: their neighbour's failure took
    /// the shared transaction with it, and what they saw in it, or refused because of it, never happened.
    private func runTogether(_ group: [StoreJob]) -> [StoreJob] {
        do {
            try session.begin()
        } catch {
            finish(group, error)
            return []
        }
        var thrown: [(any Error)?] = []
        thrown.reserveCapacity(group.count)
        for (index, job) in group.enumerated() {
            do {
                try session.savepoint()
            } catch {
                session.rollback()
                return group
            }
            let error = job.run(connection)
            do {
                if error == nil { try session.releaseSavepoint() } else { try session.rollbackToSavepoint() }
            } catch let lost {
                // Either the closure's statement ended the transaction, or its savepoint cannot be undone: it is the one that failed.
                session.rollback()
                finish([job], session.lost ?? lost)
                return Array(group[..<index] + group[(index + 1)...])
            }
            thrown.append(error)
        }
        do {
            try commit()
        } catch {
            if StoreError(error).isOutage {
                finish(group, error)
                return []
            }
            // A constraint checked at commit time is somebody's, not everybody's.
            return group
        }
        let failed = thrown.count { $0 != nil }
        counters.update {
            $0.commits += 1
            $0.writes += group.count - failed
            $0.failedWrites += failed
        }
        for (job, error) in zip(group, thrown) { job.finish(error) }
        return []
    }

    private func commit() throws {
        if let code = commitFault?() {
            session.rollback()
            throw StoreError(sqlite: code, message: "a fault made by a test")
        }
        try session.commit()
    }

    private func finish(_ jobs: [StoreJob], _ error: any Error) {
        counters.update { $0.failedWrites += jobs.count }
        if let error = error as? StoreError, error.isOutage || error.isDamage {
            logger.error("writes were not kept", metadata: ["writes": "\(jobs.count)", "error": "\(error)"])
        }
        for job in jobs { job.finish(error) }
    }
}
