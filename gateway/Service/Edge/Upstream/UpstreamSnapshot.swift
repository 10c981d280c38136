import NIOCore
import SharedRuntime

/// What the pools of one service counted, for metrics. Totals since the start unless said otherwise.
struct UpstreamSnapshot: Sendable {
    struct Replica: Sendable {
        var address: ServiceAddress
        /// Now: requests assigned to it.
        var inFlight: Int
        /// Now: connections open or being opened.
        var open: Int
        /// Now: event loops on which it is out of rotation.
        var ejected: Int
        var requests: Int
        var connects: Int
        /// Requests sent to it again after a connection was lost.
        var retries: Int
        var connectFailures: Int
        /// Time-outs and lost connections.
        var transportFailures: Int
    }

    var replicas: [Replica]
    /// Now: requests waiting for a connection.
    var waiting: Int
    /// Requests refused because every connection was busy.
    var overloaded: Int
    /// Failed connects, time-outs and lost connections of replicas that are gone.
    var departedFailures: Int
    /// The most bytes that ever waited at once, in one pool and one direction, for a slower side to take them.
    var bufferedHighWater: Int

    /// Adds the figures of another event loop's pool of the same service.
    mutating func merge(_ other: UpstreamSnapshot) {
        for more in other.replicas {
            // A loop may have heard of a replica that another has not.
            guard let index = replicas.firstIndex(where: { $0.address == more.address }) else {
                replicas.append(more)
                continue
            }
            replicas[index].inFlight += more.inFlight
            replicas[index].open += more.open
            replicas[index].ejected += more.ejected
            replicas[index].requests += more.requests
            replicas[index].connects += more.connects
            replicas[index].retries += more.retries
            replicas[index].connectFailures += more.connectFailures
            replicas[index].transportFailures += more.transportFailures
        }
        waiting += other.waiting
        overloaded += other.overloaded
        departedFailures += other.departedFailures
        bufferedHighWater = max(bufferedHighWater, other.bufferedHighWater)
    }
}

extension UpstreamReplica {
    func snapshot(at now: NIODeadline) -> UpstreamSnapshot.Replica {
        .init(
            address: address, inFlight: inFlight, open: open,
            ejected: health.standing(at: now) == .healthy ? 0 : 1,
            requests: requests, connects: connectsTotal, retries: retries,
            connectFailures: connectFailures, transportFailures: transportFailures)
    }
}
