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
            while !wakeup.hasEnded {
                for (service, upstream) in upstreams { show(await upstream.snapshot(), of: service) }
                await wakeup.wait(milliseconds: Self.everyMilliseconds)
            }
        } onGracefulShutdown: {
            wakeup.end()
        }
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
            replicas.reduce(0) { $0 + $1.connectFailures + $1.transportFailures })
        set("vefa_upstream_waiting", "Calls waiting for a connection", snapshot.waiting)
        set("vefa_upstream_overloaded", "Calls refused for want of a connection since the start", snapshot.overloaded)
    }
}
