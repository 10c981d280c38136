import Logging
import ServiceLifecycle
import Shared
import SharedStore

/// Keeps a replica's leases and brings it what other replicas changed. Runs on shared stores only.
final class ReplicaKeeper: Service, Sendable {
    private let house: House
    private let wakeup = Wakeup()

    /// A third of a lease's life: two renewals may fail.
    private static let renewMilliseconds: Int64 = 3_000
    /// As long as there is free work somebody may have died.
    private static let takeMilliseconds: Int64 = 1_000

    init(house: House) {
        self.house = house
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await keep()
        } onCancelOrGracefulShutdown: {
            self.wakeup.end()
        }
    }

    private func keep() async {
        let others = house.metrics.gauge("vefa_replicas", help: "Replicas of this service on the same store, this one included")
        // In a sandbox the time is told to one replica and has to reach the others before anything else happens.
        let poll = house.configuration.sandbox ? 20 : Revisions.pollMilliseconds
        var renewAt = VefaClock.machineNow
        var failures = 0
        while !wakeup.hasEnded {
            do {
                if VefaClock.machineNow >= renewAt {
                    try await house.leases.keep()
                    others.set(Int64(house.leases.others + 1))
                    let wait = house.leases.others > 0 ? Self.takeMilliseconds : Self.renewMilliseconds
                    renewAt = VefaClock.machineNow.adding(milliseconds: wait)
                }
                try await house.revisions.look()
                failures = 0
                await wakeup.wait(milliseconds: poll)
            } catch {
                failures += 1
                if failures == 1 || failures % 60 == 0 {
                    house.logger.warning("the store of the replicas cannot be asked", metadata: ["reason": "\(error)", "failures": "\(failures)"])
                }
                await wakeup.wait(milliseconds: min(1_000, 50 << Int64(min(failures, 5))))
            }
        }
        do {
            try await house.leases.leave()
        } catch {
            house.logger.notice("leases were left to run out", metadata: ["reason": "\(error)"])
        }
    }
}
