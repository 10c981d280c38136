import Logging
import NIOCore
import ServiceLifecycle
import Shared
import SharedStore

/// Carries the outbox to one subscriber: in order, in batches, for as long as it takes. The subscriber's own position is the truth; this side
/// only remembers it. What fails is retried with back-off; a batch that keeps killing its reader is narrowed down to the one event.
final class Relay: Service, Sendable {
    private let house: House
    private let subscription: EventRouting.Subscription
    private let wakeup: Wakeup

    private static let batchBytes = 1 << 20
    /// Milliseconds between two batches that are not full.
    private static let gathering: Int64 = 40
    /// Rows looked at for one batch.
    private static let scanLimit = 2_000
    /// Rows of other types that are stepped over before the subscriber is told how far it has come. Less than ``scanLimit``, or a longer run of them
    /// would never be passed.
    private static let longestSkip: Int64 = 1_000
    /// How often the cursor is kept. It is a hint, but where the relay may be another replica's it is also what the others know of it; and whoever moves
    /// the sandbox's clock waits for it.
    private let saveEveryMilliseconds: Int64
    private static let longestRest: Int64 = 5_000
    /// Asked for again this often while another replica does the work; its bell rings when it comes here.
    private static let idleMilliseconds: Int64 = 5_000
    private let leaseName: String

    init(house: House, subscription: EventRouting.Subscription) {
        self.house = house
        self.subscription = subscription
        wakeup = house.outbox.makeWakeup()
        leaseName = "relay/\(subscription.subscriber.rawValue)"
        saveEveryMilliseconds = house.store.dialect.isShared ? (house.configuration.sandbox ? 0 : 200) : 5_000
        house.leases.join(leaseName, bell: wakeup)
    }

    /// Where the subscriber stands.
    private struct Standing: Sendable {
        var epoch: String
        var position: Int64
        /// What the relay itself has passed: besides `position`, rows behind it that are not for this subscriber.
        var passed: Int64 = 0
        /// Reports up to this number are known here.
        var report: Int64
        /// The position that was last kept, and when, by machine time.
        var saved: Int64
        var savedAt = VefaClock.machineNow

        var hasMoved: Bool { max(position, passed) != saved }

        func mayBeSaved(every milliseconds: Int64) -> Bool { hasMoved && VefaClock.machineNow >= savedAt.adding(milliseconds: milliseconds) }
    }

    private struct Load: Sendable {
        var to: Int64
        var events: [(position: Int64, body: String)]
        /// True when the outbox holds more than was looked at.
        var more: Bool
        /// The last position there is.
        var last: Int64 = 0
    }

    func run() async throws {
        // A batch on its way is given up at a stop: whether it was heard, the next one asks. A subscriber that hangs must not hold up the stop.
        await cancelWhenGracefulShutdown { [self] in
            await withTaskCancellationHandler {
                await carry()
            } onCancel: {
                wakeup.end()
            }
        }
    }

    private func carry() async {
        let subscriber = subscription.subscriber
        let lag = house.metrics.gauge(
            "vefa_outbox_lag", help: "Positions of the outbox that the subscriber has not passed yet", labels: ["subscriber": subscriber.rawValue])
        var standing: Standing?
        var failures = 0
        var suspicion = Suspicion()
        var lastSent = Timestamp.epoch
        var wasFull = false
        while !wakeup.hasEnded {
            guard house.leases.isHeld(leaseName) else {
                // Another replica carries. Whoever takes over asks the subscriber, so nothing of what is known here is of use later.
                standing = nil
                suspicion = Suspicion()
                lag.set(0)
                await wakeup.wait(milliseconds: Self.idleMilliseconds)
                continue
            }
            do {
                if !wasFull { await gather(since: lastSent) }
                let current: Standing
                if let standing {
                    current = standing
                } else {
                    // What became of the events that were on the way when the line broke is heard first: without it they would count as done.
                    let found = try await connect()
                    current = try await send(Load(to: found.position, events: [], more: false), found, quarantine: [])
                }
                standing = current
                let load = try await loadBatch(after: current.position, limit: suspicion.limit)
                if load.events.isEmpty, !load.more, load.to - current.position < Self.longestSkip {
                    lag.set(0)
                    // Positions stepped over count as delivered here; the subscriber hears of them with the next batch.
                    house.outbox.delivered(load.to, to: subscriber)
                    failures = 0
                    var rested = current
                    rested.passed = load.to
                    standing = try await rest(rested)
                    continue
                }
                lag.set(max(0, load.last - current.position))
                do {
                    lastSent = VefaClock.machineNow
                    wasFull = load.more
                    standing = try await send(load, current, quarantine: suspicion.quarantine)
                    failures = 0
                    suspicion.passed(load.to)
                } catch let failure as ServiceCallError where failure.mayHaveDied {
                    suspicion.died(over: load.events.map(\.position))
                    throw failure
                }
            } catch is CancellationError {
                return
            } catch {
                failures += 1
                // Whatever went wrong, the subscriber is asked anew where it stands.
                standing = nil
                if failures == 1 || failures % 50 == 0 {
                    house.logger.notice(
                        "subscriber is not taking events", metadata: ["subscriber": "\(subscriber.rawValue)", "reason": "\(error)", "failures": "\(failures)"])
                }
                let delay = min(5_000, 50 << min(failures, 7))
                await wakeup.wait(milliseconds: Int64(delay / 2 + Int.random(in: 0...delay / 2)))
                if failures > 1 { await wakeup.waitOut(milliseconds: Int64(delay / 2)) }
            }
        }
    }

    // MARK: - Steps

    /// The first event after a pause goes out at once. While they keep coming, a few are gathered: every batch costs its reader a flush to disk,
    /// and all five may share one.
    private func gather(since lastSent: Timestamp) async {
        let rest = lastSent.milliseconds + Self.gathering - VefaClock.machineNow.milliseconds
        if rest > 0, rest <= Self.gathering { await wakeup.waitOut(milliseconds: rest) }
    }

    /// Asks the subscriber where it stands. Notices when either side was set back to an earlier copy of its store.
    private func connect() async throws -> Standing {
        let subscriber = subscription.subscriber
        let name = subscriber.rawValue
        let (epoch, report, saved) = try await house.store.write { db in
            let row = try db.first("SELECT report, position FROM outbox_cursors WHERE subscriber = \(name)") { ($0.int(0), $0.int(1)) }
            return (try Outbox.epoch(db), row?.0 ?? 0, row?.1 ?? 0)
        }
        if house.outbox.position(of: subscriber) == 0 { house.outbox.delivered(saved, to: subscriber) }
        let answer = try await house.services.get(
            subscriber, "/internal/v1/positions/\(house.name.rawValue)?epoch=\(epoch)", deadline: .seconds(5))
        guard let position = answer["position"]?.int else { throw Problem.malformed("no position in the answer") }
        let outbox = house.outbox
        let last = answer["last"].flatMap(Wire.LastEvent.init)
        guard try await house.read({ try outbox.hasSaid(upTo: position, last, $0) }) else {
            // It has heard what this store does not hold: the store is an earlier copy. New positions would be taken for known ones.
            let renewed = try await house.store.write { try Outbox.renewEpoch($0, replacing: epoch) }
            house.logger.warning("this store was set back: subscribers hear everything again", metadata: ["subscriber": "\(name)"])
            return Standing(epoch: renewed, position: 0, report: try await known(report, answer), saved: saved)
        }
        return Standing(epoch: epoch, position: position, report: try await known(report, answer), saved: saved)
    }

    /// The last report known here, or 0 when the subscriber has not made that many: it was set back and counts anew. Then what it reported is
    /// forgotten, and heard again.
    private func known(_ report: Int64, _ answer: JSON) async throws -> Int64 {
        guard let theirs = answer["report"]?.int, theirs < report else { return report }
        let name = subscription.subscriber.rawValue
        try await house.store.write { db in
            try db.execute("DELETE FROM outbox_exceptions WHERE subscriber = \(name)")
            try db.execute("UPDATE outbox_cursors SET report = 0 WHERE subscriber = \(name)")
        }
        return 0
    }

    /// Waits until there may be something to send. While an event is parked at the subscriber, asks every second what became of it.
    private func rest(_ current: Standing) async throws -> Standing {
        guard try await hasOpenExceptions() else {
            // Under load the wait ends soon and the cursor is kept with one of the next batches.
            if current.hasMoved, saveEveryMilliseconds < Self.longestRest {
                let rest = current.savedAt.milliseconds + saveEveryMilliseconds - VefaClock.machineNow.milliseconds
                if rest > 0 { await wakeup.wait(milliseconds: rest) }
            } else {
                await wakeup.wait(milliseconds: Self.longestRest)
            }
            guard current.mayBeSaved(every: saveEveryMilliseconds) else { return current }
            return try await remember(current, [])
        }
        await wakeup.wait(milliseconds: 1_000)
        if wakeup.hasEnded { return current }
        return try await send(Load(to: current.position, events: [], more: false), current, quarantine: [])
    }

    private func loadBatch(after position: Int64, limit: Int) async throws -> Load {
        let subscription = subscription
        return try await house.store.read { db in
            var load = Load(to: position, events: [], more: false)
            var bytes = 0
            var seen = 0
            try db.each("SELECT position, type, body FROM outbox WHERE position > \(position) ORDER BY position LIMIT \(Self.scanLimit)") { row in
                guard !load.more else { return }
                seen += 1
                if subscription.matches(row.text(1)) {
                    if load.events.count >= limit || bytes > Self.batchBytes {
                        load.more = true
                        return
                    }
                    let body = row.text(2)
                    bytes += body.utf8.count
                    load.events.append((row.int(0), body))
                }
                load.to = row.int(0)
            }
            if seen == Self.scanLimit { load.more = true }
            load.last = try db.first("SELECT COALESCE(MAX(position), 0) FROM outbox") { $0.int(0) } ?? 0
            return load
        }
    }

    private func send(_ load: Load, _ standing: Standing, quarantine: [Int64]) async throws -> Standing {
        let subscriber = subscription.subscriber
        let body = Wire.encode(
            publisher: house.name, epoch: standing.epoch, from: standing.position, to: load.to, events: load.events, quarantine: quarantine,
            reportsAfter: standing.report)
        let answer = try await house.services.post(subscriber, "/internal/v1/events", body: body, deadline: .seconds(60))
        guard let position = answer["position"]?.int else { throw Problem.malformed("no position in the answer") }
        var standing = standing
        standing.position = position
        standing.report = try await known(standing.report, answer)
        standing.passed = position
        if answer["rewind"]?.bool == true {
            house.logger.notice("subscriber went back", metadata: ["subscriber": "\(subscriber.rawValue)", "position": "\(position)"])
        } else {
            let reports = answer["reports"]?.array?.compactMap(DeliveryReport.init) ?? []
            standing.report = reports.map(\.number).max() ?? standing.report
            if !reports.isEmpty || standing.mayBeSaved(every: saveEveryMilliseconds) { standing = try await remember(standing, reports) }
        }
        house.outbox.delivered(position, to: subscriber)
        return standing
    }

    /// Keeps the cursor and what was reported. Without reports the cursor is kept only now and then: it is a hint, not the truth.
    private func remember(_ standing: Standing, _ reports: [DeliveryReport]) async throws -> Standing {
        let name = subscription.subscriber.rawValue
        let (position, number) = (max(standing.position, standing.passed), standing.report)
        let (leases, lease) = (house.leases, leaseName)
        try await house.store.claim { db in
            // A relay that was held up while another one took over has old news.
            guard try leases.confirm(lease, db) else { return }
            for report in reports {
                if report.state == "done" {
                    try db.execute(
                        "DELETE FROM outbox_exceptions WHERE source = \(report.source) AND id = \(report.id) AND subscriber = \(name)")
                } else {
                    try db.execute(
                        """
                        INSERT INTO outbox_exceptions (source, id, subscriber, state, code, detail)
                        VALUES (\(report.source), \(report.id), \(name), \(report.state), \(report.code), \(report.detail))
                        ON CONFLICT (source, id, subscriber) DO UPDATE SET
                            state = excluded.state, code = excluded.code, detail = excluded.detail
                        """)
                }
            }
            try db.execute(
                """
                INSERT INTO outbox_cursors (subscriber, position, report) VALUES (\(name), \(position), \(number))
                ON CONFLICT (subscriber) DO UPDATE SET position = excluded.position, report = excluded.report
                """)
        }
        var standing = standing
        standing.saved = position
        standing.savedAt = VefaClock.machineNow
        return standing
    }

    private func hasOpenExceptions() async throws -> Bool {
        let name = subscription.subscriber.rawValue
        return try await house.store.read { db in
            try db.exists("SELECT 1 FROM outbox_exceptions WHERE subscriber = \(name) AND state = 'parked' LIMIT 1")
        }
    }
}

extension Wakeup {
    /// Waits the whole time, signals notwithstanding (back-off), unless ended.
    func waitOut(milliseconds: Int64) async {
        let end = VefaClock.machineNow.adding(milliseconds: milliseconds)
        while !hasEnded {
            let rest = end.milliseconds - VefaClock.machineNow.milliseconds
            if rest <= 0 { return }
            await wait(milliseconds: rest)
        }
    }
}
