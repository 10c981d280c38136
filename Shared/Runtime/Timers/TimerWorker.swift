import Logging
import ServiceLifecycle
import Shared
import SharedStore
import Synchronization

/// The one worker of a process that runs what is due: transactional timers many to a transaction, external ones side by side up to their limits. It
/// claims them first, in batches, so that replicas take different ones; on an embedded store only what runs outside of transactions.
final class TimerWorker: Service, Sendable {
    private let house: House
    private var timers: Timers { house.timers }
    private let places = Mutex(Places())

    private static let round = 256
    private static let longestSleep: Int64 = 30_000
    /// Another replica's timers ring no bell here, and neither does the end of a dead one's lease.
    private static let longestSleepBesideOthers: Int64 = 1_000
    private static let longestSleepOnShared: Int64 = 5_000

    private struct Places {
        /// What runs outside of transactions right now, by kind.
        var counts: [String: Int] = [:]
        /// The lease under which each of them is held.
        var running: [String: String] = [:]
        /// The lease of the transactional ones that run right now.
        var round: String?
        /// Leases whose work was given up because the store was out.
        var givenUp: [String] = []
    }

    private struct Claim: Sendable {
        var lease: String
        /// Transactional ones, and those that nobody handles: under the lease, where others could take them.
        var here: [DueTimer]
        var leaseHere: String?
        var external: [DueTimer]

        var isEmpty: Bool { here.isEmpty && external.isEmpty }
    }

    init(house: House) {
        self.house = house
    }

    func run() async throws {
        // An embedded store has one process: leases found at the start are a dead one's.
        let timers = timers
        if !house.leases.isShared { try await house.store.claim { try timers.release(nil, $0) } }
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                if house.leases.isShared { group.addTask { await self.renewLeases() } }
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
            self.renewal.end()
        }
    }

    // MARK: - Leases

    private let renewal = Wakeup()

    /// A handler may take longer than a lease lasts.
    private func renewLeases() async {
        let timers = timers
        while true {
            await renewal.wait(milliseconds: Timers.renewMilliseconds)
            let leases = places.withLock { places in Set(places.running.values).union(places.round.map { [$0] } ?? []).sorted() }
            if renewal.hasEnded, leases.isEmpty { return }
            if !leases.isEmpty {
                do {
                    try await house.store.claim { try timers.renew(leases, $0) }
                } catch {
                    house.logger.notice("leases of timers could not be renewed", metadata: ["reason": "\(error)"])
                }
            }
            // While it drains: what is still running shall not be taken by another replica.
            if renewal.hasEnded { await renewal.pause(milliseconds: 1_000) }
        }
    }

    // MARK: - A round

    /// True when there was something to do.
    private func runRound(_ group: inout DiscardingTaskGroup) async throws -> Bool {
        let claim = try await claim()
        guard !claim.isEmpty else { return false }
        places.withLock { $0.round = claim.leaseHere }
        defer { places.withLock { $0.round = nil } }
        do {
            try await runTransactional(claim)
        } catch {
            if claim.leaseHere != nil || !claim.external.isEmpty { places.withLock { $0.givenUp.append(claim.lease) } }
            throw error
        }
        for timer in claim.external {
            guard let (_, handler) = timers.handlers.external[timer.kind], begin(timer, claim.lease) else { continue }
            group.addTask { await self.runExternal(timer, handler) }
        }
        return true
    }

    private func claim() async throws -> Claim {
        let timers = timers
        let now = house.now
        let counts = places.withLock { $0.counts }
        let free = timers.handlers.external.map { (kind: $0.key, places: $0.value.concurrency - counts[$0.key, default: 0]) }
        let full = free.filter { $0.places <= 0 }.map(\.kind).sorted()
        let givenUp = places.withLock { $0.givenUp }
        var claim = Claim(lease: TypeID.make("lease", at: VefaClock.machineNow), here: [], external: [])
        let (lease, handled, isShared) = (claim.lease, Array(timers.handlers.external.keys).sorted(), house.leases.isShared)
        if givenUp.isEmpty {
            // Asking is cheaper than claiming.
            let (next, nextExternal, here) = try await house.store.read { db in
                let next = try timers.nextFree(db, except: full)
                guard !isShared, let next, next <= now else { return (next, next, [DueTimer]()) }
                return (
                    next, try timers.nextFree(db, except: full, only: handled),
                    try timers.due(db, now: now, kinds: .except(handled), limit: Self.round)
                )
            }
            guard let next, next <= now else { return claim }
            claim.here = here
            guard isShared || nextExternal.map({ $0 <= now }) == true else { return claim }
        }
        let taken = try await house.store.claim { db in
            if !givenUp.isEmpty { try timers.release(givenUp, db) }
            let here = isShared ? try timers.claim(db, as: lease, now: now, kinds: .except(handled), limit: Self.round) : []
            var external: [DueTimer] = []
            for (kind, places) in free where places > 0 {
                external += try timers.claim(db, as: lease, now: now, kinds: .only(kind), limit: places)
            }
            return (here, external)
        }
        claim.external = taken.1
        if isShared { (claim.here, claim.leaseHere) = (taken.0, lease) }
        places.withLock { places in places.givenUp.removeAll { givenUp.contains($0) } }
        return claim
    }

    private func runTransactional(_ claim: Claim) async throws {
        let timers = timers
        var rest = claim.here[...]
        while !rest.isEmpty {
            let slice = Array(rest.prefix(house.store.dialect.savepointLimit))
            rest = rest.dropFirst(slice.count)
            try await house.write { change in
                for timer in slice {
                    if let handler = timers.handlers.transactional[timer.kind] {
                        try timers.runTransactional(timer, lease: claim.leaseHere, handler, change)
                    } else {
                        // A kind nobody handles (of a newer binary, say) must not stop the others.
                        try timers.postpone(timer, lease: claim.leaseHere, "no handler for this kind", change)
                    }
                }
            }
        }
    }

    private func runExternal(_ timer: DueTimer, _ handler: TimerHandlers.External) async {
        let timers = timers
        let lease = { @Sendable in self.places.withLock { $0.running[timer.name] ?? "" } }
        do {
            try await handler(timer, house)
            try await house.write { try timers.finish(timer, lease: lease(), $0) }
        } catch {
            house.logger.notice("timer failed", metadata: ["kind": "\(timer.kind)", "key": "\(timer.key)", "reason": "\(error)"])
            // If this fails too the lease runs out and the timer is taken again.
            try? await house.write { try timers.postpone(timer, lease: lease(), "\(error)", $0) }
        }
        end(timer)
        timers.wakeup.signal()
    }

    /// False when the same timer is still running here, having lost its lease while the store was out: then it goes on under the new one.
    private func begin(_ timer: DueTimer, _ lease: String) -> Bool {
        places.withLock { places in
            guard places.running.updateValue(lease, forKey: timer.name) == nil else { return false }
            places.counts[timer.kind, default: 0] += 1
            return true
        }
    }

    private func end(_ timer: DueTimer) {
        places.withLock { places in
            places.running[timer.name] = nil
            places.counts[timer.kind, default: 1] -= 1
        }
    }

    private func sleep() async {
        let timers = timers
        let now = house.now
        let counts = places.withLock { $0.counts }
        // Whoever finishes signals.
        let full = timers.handlers.external.filter { counts[$0.key, default: 0] >= $0.value.concurrency }.keys.sorted()
        let next = try? await house.store.read { db in try timers.nextFree(db, except: full) }
        // What is due and could not be taken is still running past its lease; its end signals.
        let rest = (next ?? nil).map { $0 <= now ? 1_000 : $0.milliseconds - now.milliseconds } ?? Self.longestSleep
        let longest =
            switch (house.leases.isShared, house.leases.others) {
            case (false, _): Self.longestSleep
            case (true, 0): Self.longestSleepOnShared
            case (true, _): Self.longestSleepBesideOthers
            }
        await timers.wakeup.wait(milliseconds: min(rest, longest))
    }
}

extension DueTimer {
    fileprivate var name: String { kind + "\u{0}" + key }
}
