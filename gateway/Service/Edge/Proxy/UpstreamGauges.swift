import ServiceLifecycle
import Shared
import SharedRuntime

/// Shows at `/metrics` how the ways to the services are doing.
struct UpstreamGauges: Service {
    static let everyMilliseconds: Int64 = 5_000

    let house: House
    let upstreams: [ServiceName: Upstream]

    func run() async throws {
        let wakeup = Wakeup()
        await withGracefulShutdownHandler {
            var shown: [ServiceName: Set<String>] = [:]
            while !wakeup.hasEnded {
                for (service, upstream) in upstreams {
                    let snapshot = await upstream.snapshot()
                    show(snapshot, of: service)
                    shown[service] = show(snapshot.replicas, of: service, before: shown[service] ?? [])
                }
                await wakeup.wait(milliseconds: Self.everyMilliseconds)
            }
        } onGracefulShutdown: {
            wakeup.end()
        }
    }

    /// A series for each replica; those of replicas that have gone are taken back.
    private func show(_ replicas: [UpstreamSnapshot.Replica], of service: ServiceName, before: Set<String>) -> Set<String> {
        let up = "vefa_upstream_replica_up"
        let calls = "vefa_upstream_replica_in_flight"
        for replica in replicas {
            let labels: KeyValuePairs = ["service": service.rawValue, "replica": replica.address.description]
            house.metrics.gauge(up, help: "1 for a replica that every event loop has in rotation, else 0", labels: labels)
                .set(replica.ejected == 0 ? 1 : 0)
            house.metrics.gauge(calls, help: "Calls under way to a replica", labels: labels).set(Int64(replica.inFlight))
        }
        let now = Set(replicas.map(\.address.description))
        for gone in before.subtracting(now) {
            for name in [up, calls] { house.metrics.forget(name, labels: ["service": service.rawValue, "replica": gone]) }
        }
        return now
    }

    private func show(_ snapshot: UpstreamSnapshot, of service: ServiceName) {
        func set(_ name: String, _ help: String, _ value: Int) {
            house.metrics.gauge(name, help: help, labels: ["service": service.rawValue]).set(Int64(value))
        }
        let replicas = snapshot.replicas
        set("vefa_upstream_in_flight", "Calls under way to a service", replicas.reduce(0) { $0 + $1.inFlight })
        set("vefa_upstream_connections", "Connections open to a service", replicas.reduce(0) { $0 + $1.open })
        set("vefa_upstream_ejected", "Replicas out of rotation, by event loop", replicas.reduce(0) { $0 + $1.ejected })
        set(
            "vefa_upstream_failures", "Failed connects, time-outs and lost connections since the start",
            replicas.reduce(snapshot.departedFailures) { $0 + $1.connectFailures + $1.transportFailures })
        set("vefa_upstream_replicas", "Replicas of a service that are known", replicas.count)
        set("vefa_upstream_waiting", "Calls waiting for a connection", snapshot.waiting)
        set("vefa_upstream_overloaded", "Calls refused for want of a connection since the start", snapshot.overloaded)
    }
}
