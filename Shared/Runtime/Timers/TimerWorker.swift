import Logging
import ServiceLifecycle
import Shared
import SharedStore
import Synchronization

/// The one worker that runs what is due: transactional timers many to a transaction, external ones side by side up to their limits.
final class TimerWorker: Service, Sendable {
    private let house: House
    private var timers: Timers { house.timers }
    private let places = Mutex(Places())

    private static let round = 256
    private static let longestSleep: Int64 = 30_000

    /// What runs outside of transactions right now.
    private struct Places {
        var counts: [String: Int] = [:]
        var names: Set<String> = []
    }

    init(house: House) {
        self.house = house
    }

    func run() async throws {
        try await releaseLeases()
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                var failures = 0
                while !timers.wakeup.hasEnded {
                    do {
                        let ran = try await runRound(&group)
                        failures = 0
                        if !ran { await sleep() }
                    } catch {
                        failures += 1
                        house.logger.warning("timers could not run", metadata: ["reason": "\(error)"])
                        await timers.wakeup.waitOut(milliseconds: Int64(min(5_000, 100 << min(failures, 6))))
                    }
                }
            }
        } onCancelOrGracefulShutdown: {
            self.timers.wakeup.end()
        }
    }

    /// An embedded store has one process: leases found at start are a dead process's.
    private func releaseLeases() async throws {
        try await house.store.write { db in
            _ = try db.execute("UPDATE timers SET lease = NULL, lease_until = NULL WHERE lease IS NOT NULL")
        }
    }

    /// True when there was something to do.
    private func runRound(_ group: inout DiscardingTaskGroup) async throws -> Bool {
        let now = house.now
        let timers = timers
        let full = fullKinds()
        let due = try await house.store.read { db in try timers.due(db, now: now, limit: Self.round, except: full) }
        guard !due.isEmpty else { return false }
        var did = false
        let transactional = due.filter { timers.handlers.transactional[$0.kind] != nil }
        if !transactional.isEmpty {
            try await runTransactional(transactional)
            did = true
        }
        var claims: [(timer: DueTimer, lease: String, handler: TimerHandlers.External)] = []
        for timer in due where timers.handlers.transactional[timer.kind] == nil {
            guard let (concurrency, handler) = timers.handlers.external[timer.kind] else {
                try await putAside(timer)
                continue
            }
            guard begin(timer, limit: concurrency) else { continue }
            claims.append((timer, TypeID.make("lease", at: VefaClock.machineNow), handler))
        }
        guard !claims.isEmpty else { return did }
        let asked = claims.map { ($0.timer, $0.lease) }
        let granted: [Bool]
        do {
            granted = try await house.write { change in try asked.map { try timers.lease($0.0, as: $0.1, change) } }
        } catch {
            for claim in claims { end(claim.timer) }
            throw error
        }
        for (claim, isGranted) in zip(claims, granted) {
            guard isGranted else {
                end(claim.timer)
                continue
            }
            did = true
            group.addTask { await self.runExternal(claim.timer, claim.handler, claim.lease) }
        }
        return did
    }

    private func runTransactional(_ due: [DueTimer]) async throws {
        let timers = timers
        try await house.write { change in
            for timer in due {
                guard let handler = timers.handlers.transactional[timer.kind] else { continue }
                try timers.runTransactional(timer, handler, change)
            }
        }
    }

    private func runExternal(_ timer: DueTimer, _ handler: TimerHandlers.External, _ lease: String) async {
        let timers = timers
        do {
            try await handler(timer, house)
            try await house.write { try timers.finish(timer, lease: lease, $0) }
        } catch {
            house.logger.notice("timer failed", metadata: ["kind": "\(timer.kind)", "key": "\(timer.key)", "reason": "\(error)"])
            // If this fails too the lease runs out and the timer is taken again.
            try? await house.write { try timers.postpone(timer, lease: lease, "\(error)", $0) }
        }
        end(timer)
        timers.wakeup.signal()
    }

    /// A kind nobody handles (of a newer binary, say) must not stop the others.
    private func putAside(_ timer: DueTimer) async throws {
        let timers = timers
        try await house.write { try timers.postpone(timer, "no handler for this kind", $0) }
    }

    /// Kinds all of whose places are taken. Whoever finishes signals.
    private func fullKinds() -> [String] {
        let counts = places.withLock { $0.counts }
        return counts.filter { kind, count in count >= (timers.handlers.external[kind]?.concurrency ?? .max) }.keys.sorted()
    }

    /// Takes a place for a timer. False when there is none, or when the same timer is still running here though its lease has ended.
    private func begin(_ timer: DueTimer, limit: Int) -> Bool {
        places.withLock { places in
            guard places.counts[timer.kind, default: 0] < limit, places.names.insert(timer.name).inserted else { return false }
            places.counts[timer.kind, default: 0] += 1
            return true
        }
    }

    private func end(_ timer: DueTimer) {
        places.withLock { places in
            places.names.remove(timer.name)
            places.counts[timer.kind, default: 1] -= 1
        }
    }

    private func sleep() async {
        let timers = timers
        let now = house.now
        let full = fullKinds()
        let next = try? await house.store.read { db in try timers.nextFree(db, except: full) }
        // What is due and could not be taken is still running past its lease; its end signals.
        let rest = (next ?? nil).map { $0 <= now ? 1_000 : $0.milliseconds - now.milliseconds } ?? Self.longestSleep
        await timers.wakeup.wait(milliseconds: min(rest, Self.longestSleep))
    }
}

extension DueTimer {
    fileprivate var name: String { kind + "\u{0}" + key }
}
