#if Postgres
    import Logging

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Runs writes on one connection to their answers: again after a conflict, again after a broken connection, and never twice in effect.
    final class PostgresWriter {
        let session: PostgresSession
        let connection: SQLConnection
        let gate: PostgresGate
        let counters: StoreCounters
        let logger: Logger

        /// A write that others keep from committing gives up after this.
        private static let conflictPatience = Duration.seconds(10)
        /// A write waits so long for a server that is gone; once one did, later ones find out at once.
        private static let outagePatience = Duration.seconds(5)
        /// How long the fate of an unheard commit is looked for.
        private static let resolvePatience = Duration.seconds(60)
        /// More savepoints in one transaction than the server keeps at hand make it slow (it keeps 64), and a longer transaction meets more
        /// others.
        private static let groupLimit = 16
        /// So many commits in a row without a conflict let the groups grow.
        private static let cleanCommits = 8
        /// From this conflict on a write has this process's writers to itself.
        private static let aloneFrom = 4

        /// How many writes share a transaction: halved by each conflict of a group, so that writes which meet in the same rows end up alone.
        private(set) var groupSize = PostgresWriter.groupLimit
        private var clean = 0
        /// Jobs of the latest group that are to run alone, though the group was committed.
        private var repeats: [StoreJob] = []
        private var lastComplaint: ContinuousClock.Instant?
        /// Writes that were not kept and that no line of the log counts yet.
        private var unsaid = 0

        init(session: PostgresSession, gate: PostgresGate, counters: StoreCounters, logger: Logger) {
            self.session = session
            connection = SQLConnection(session)
            self.gate = gate
            self.counters = counters
            self.logger = logger
        }

        /// What came of one transaction.
        private enum Outcome {
            case answered
            /// Nothing was kept and nobody was answered.
            case again(PostgresFailure)
            /// The commit's answer was not heard. What each closure threw.
            case unheard([(any Error)?])
        }

        /// Runs every job to its answer.
        func run(_ group: [StoreJob]) {
            if group.count > 1 {
                if attempt(group, alone: false) == nil {
                    for job in takeRepeats() { runAlone(job) }
                    return
                }
                groupSize = max(1, groupSize / 2)
            }
            for job in group { runAlone(job) }
        }

        private func runAlone(_ job: StoreJob) {
            let began = ContinuousClock.now
            var firstConflict: ContinuousClock.Instant?
            var conflicts = 0
            while let failure = attempt([job], alone: conflicts >= Self.aloneFrom) {
                if failure.consequence == .lost {
                    let down = session.downSince ?? .now
                    guard down.duration(to: .now) < Self.outagePatience, began.duration(to: .now) < Self.outagePatience * 2 else {
                        return finish([job], failure.error)
                    }
                    Self.sleep(milliseconds: max(1, session.pause))
                } else {
                    conflicts += 1
                    let first = firstConflict ?? .now
                    firstConflict = first
                    guard first.duration(to: .now) < Self.conflictPatience else {
                        return finish([job], StoreError.unavailable("others kept a write from committing for \(Self.conflictPatience)"))
                    }
                    // Apart from each other, so that the same two do not meet again.
                    Self.sleep(milliseconds: Int64.random(in: 0...(1 << min(6, conflicts))))
                }
            }
        }

        /// Runs the jobs in one transaction. nil once all are answered; else why it has to be done again.
        private func attempt(_ jobs: [StoreJob], alone: Bool) -> PostgresFailure? {
            switch gate.pass(alone: alone, { transaction(jobs) }) {
            case .answered: return nil
            case .again(let failure): return failure
            case .unheard(let thrown):
                // Outside the gate: it can take as long as the server is away.
                switch resolve() {
                case .some(true): answer(jobs, thrown)
                case .some(false): return .lost("the connection to the server broke")
                case nil:
                    finish(jobs, StoreError.uncertain("the connection broke while committing, and the server was not back within a minute"))
                }
                return nil
            }
        }

        /// Runs the jobs in one transaction, a savepoint each when they are several.
        private func transaction(_ jobs: [StoreJob]) -> Outcome {
            do throws(PostgresFailure) {
                try session.begin(isGroup: jobs.count > 1, isClaim: jobs[0].isClaim)
            } catch {
                return .again(error)
            }
            var thrown: [(any Error)?] = []
            thrown.reserveCapacity(jobs.count)
            for job in jobs {
                if jobs.count > 1 {
                    do {
                        try session.savepoint()
                    } catch {
                        return undone(error)
                    }
                }
                session.duplicates = []
                let error = job.run(connection) ?? session.failure
                if let ending = session.ending { return undone(ending.error) }
                // Where somebody else has just written the same value, what the closure looked for before was not there yet for it. It looks
                // again with a snapshot that knows, whether it has caught the failure or not. Only a value that it then finds taken once more
                // is taken in earnest: that one was there to be seen. Another one (the next number is gone too) is another race.
                let isRace = !session.duplicates.isSubset(of: job.duplicates)
                if isRace {
                    job.duplicates.formUnion(session.duplicates)
                    if jobs.count == 1 { return undone(StoreError.busy) }
                    repeats.append(job)
                }
                if jobs.count > 1 {
                    do {
                        if error == nil, !isRace { try session.releaseSavepoint() } else { try session.rollbackToSavepoint() }
                    } catch {
                        return undone(error)
                    }
                }
                thrown.append(error ?? (isRace ? StoreError.busy : nil))
            }
            if jobs.count == 1, let error = thrown[0] {
                session.rollback()
                finish(jobs, error)
                return .answered
            }
            return commit(jobs, thrown)
        }

        private func commit(_ jobs: [StoreJob], _ thrown: [(any Error)?]) -> Outcome {
            switch session.commit(at: Self.now()) {
            case .kept:
                answer(jobs, thrown)
                return .answered
            case .unheard: return .unheard(thrown)
            case .refused(let failure):
                // A constraint checked at commit time is somebody's, not everybody's.
                if failure.consequence == .statement, jobs.count == 1 || failure.error.isOutage {
                    finish(jobs, failure.error)
                    return .answered
                }
                return again(failure)
            }
        }

        /// Tells everybody what came of theirs, after the commit.
        private func answer(_ jobs: [StoreJob], _ thrown: [(any Error)?]) {
            clean += 1
            if clean >= Self.cleanCommits {
                clean = 0
                groupSize = min(Self.groupLimit, groupSize * 2)
            }
            let failed = thrown.count { $0 != nil }
            counters.update {
                $0.commits += 1
                $0.writes += jobs.count - failed
                $0.failedWrites += failed
            }
            for (job, error) in zip(jobs, thrown) where !repeats.contains(where: { $0 === job }) { job.finish(error) }
        }

        private func takeRepeats() -> [StoreJob] {
            defer { repeats = [] }
            return repeats
        }

        /// Whether the last commit was kept; nil when the server did not come back to tell.
        private func resolve() -> Bool? {
            let began = ContinuousClock.now
            logger.warning("a commit's answer was lost; asking the server what became of it")
            while began.duration(to: .now) < Self.resolvePatience {
                do throws(PostgresFailure) {
                    let isKept = try session.resolve(at: Self.now())
                    logger.info("the lost answer was found", metadata: ["kept": "\(isKept)"])
                    return isKept
                } catch {
                    Self.sleep(milliseconds: max(10, session.pause))
                }
            }
            return nil
        }

        private func undone(_ error: any Error) -> Outcome {
            let failure = session.ending ?? PostgresFailure(consequence: .conflict, error: error as? StoreError ?? .busy)
            session.rollback()
            return again(failure)
        }

        private func again(_ failure: PostgresFailure) -> Outcome {
            clean = 0
            repeats = []
            if failure.consequence == .conflict { counters.update { $0.conflicts += 1 } }
            return .again(failure)
        }

        private func finish(_ jobs: [StoreJob], _ error: any Error) {
            repeats = []
            counters.update { $0.failedWrites += jobs.count }
            if let error = error as? StoreError, error.isOutage || error.isDamage { complain(error, jobs.count) }
            for job in jobs { job.finish(error) }
        }

        /// A server in trouble is worth a line a second, not one for each write that it refuses.
        private func complain(_ error: StoreError, _ count: Int) {
            unsaid += count
            if let lastComplaint, lastComplaint.duration(to: .now) < .seconds(1) { return }
            logger.error("writes were not kept", metadata: ["writes": "\(unsaid)", "error": "\(error)"])
            lastComplaint = .now
            unsaid = 0
        }

        /// The wall clock, which only tells later which rows of `store_commits` are old.
        private static func now() -> Int64 {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        }

        /// On a thread of the store's own, never on one of the runtime's.
        static func sleep(milliseconds: Int64) {
            var time = timespec(tv_sec: Int(milliseconds / 1_000), tv_nsec: Int(milliseconds % 1_000) * 1_000_000)
            nanosleep(&time, nil)
        }
    }
#endif
