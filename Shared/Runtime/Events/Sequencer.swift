import Logging
import ServiceLifecycle
import Shared
import SharedStore

/// Where several replicas write, what they say is numbered here, after its commit: by one of them at a time (a lease, checked in the numbering's own
/// transaction). A number given at the insert could be committed after a higher one, and a relay that has passed the higher one would skip it.
///
/// Rows get their numbers in the order of `arrived`. What was committed before something else began has the lower number, so that a customer's
/// events keep their order. On every replica this also wakes the relays when there is something new, whoever said it.
final class Sequencer: Service, Sendable {
    static let leaseName = "sequencer"
    /// Rows numbered in one transaction.
    static let most = 2_000
    /// Milliseconds between two numberings: what is said meanwhile shares one.
    private static let gathering: Int64 = 10
    /// Others' commits ring no bell here: how often the store is asked, at first after something came, and at last.
    private static let poll: ClosedRange<Int64> = 20...160
    private static let pollAlone: Int64 = 1_000

    private let house: House

    init(house: House) {
        self.house = house
        // Before anybody looks for leases to take.
        house.leases.join(Self.leaseName, bell: house.outbox.saidBell)
    }

    func run() async throws {
        let wakeup = house.outbox.saidBell
        await withTaskCancellationOrGracefulShutdownHandler {
            await work(wakeup)
        } onCancelOrGracefulShutdown: {
            wakeup.end()
        }
    }

    private func work(_ wakeup: Wakeup) async {
        var head: Int64 = -1
        var pause = Self.poll.lowerBound
        var failures = 0
        while !wakeup.hasEnded {
            do {
                let found = try await house.leases.isHeld(Self.leaseName) ? number() : look()
                failures = 0
                if found.head != head {
                    head = found.head
                    pause = Self.poll.lowerBound
                    house.outbox.wakeRelays()
                    await wakeup.waitOut(milliseconds: Self.gathering)
                    if found.isMore { continue }
                } else {
                    pause = min(pause * 2, Self.poll.upperBound)
                }
            } catch {
                failures += 1
                if failures == 1 || failures % 60 == 0 {
                    house.logger.warning("what was said could not be numbered", metadata: ["reason": "\(error)", "failures": "\(failures)"])
                }
                await wakeup.waitOut(milliseconds: min(2_000, 50 << Int64(min(failures, 6))))
            }
            await wakeup.wait(milliseconds: house.leases.others > 0 ? pause : Self.pollAlone)
        }
    }

    private struct Found: Sendable {
        /// The last number there is.
        var head: Int64
        var isMore = false
    }

    private func look() async throws -> Found {
        let outbox = house.outbox
        return try await house.store.read { db in Found(head: try outbox.lastPosition(db)) }
    }

    private func number() async throws -> Found {
        let (outbox, leases) = (house.outbox, house.leases)
        return try await house.store.claim { db in
            guard try outbox.hasUnnumbered(db) else { return Found(head: try outbox.lastPosition(db)) }
            // Locks the lease's row: from here to the commit nobody else numbers, and this transaction's next statement sees what they did.
            guard try leases.confirm(Self.leaseName, db) else { return Found(head: try outbox.lastPosition(db)) }
            let count = try outbox.number(upTo: Self.most, db)
            return Found(head: try outbox.lastPosition(db), isMore: count == Self.most)
        }
    }
}
