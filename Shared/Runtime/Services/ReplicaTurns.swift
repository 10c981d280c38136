import NIOCore

/// Which replica of a service the next call goes to: in turn, past those that failed lately.
struct ReplicaTurns {
    /// One refused connection is enough here, where every call waits for it; a lost connection may be the fault of one call.
    private static let policy: ReplicaHealth.Policy = {
        var policy = ReplicaHealth.Policy()
        policy.connectFailures = 1
        policy.transportFailures = 2
        return policy
    }()

    private var health: [ServiceAddress: ReplicaHealth] = [:]
    private var turn = 0

    /// Nil when all were tried. When none of the rest is well, one that is not: refusing outright would make a short outage longer.
    mutating func next(of replicas: [ServiceAddress], not tried: [ServiceAddress], at now: NIODeadline) -> ServiceAddress? {
        guard !replicas.isEmpty else { return nil }
        // What is remembered of replicas that have gone goes too.
        if health.count > replicas.count { health = health.filter { replicas.contains($0.key) } }
        turn = (turn + 1) % replicas.count
        var ill: ServiceAddress?
        for offset in 0..<replicas.count {
            let replica = replicas[(turn + offset) % replicas.count]
            guard !tried.contains(replica) else { continue }
            switch health[replica]?.standing(at: now) ?? .healthy {
            case .healthy: return replica
            case .awaitingProbe:
                health[replica]?.beginProbe()
                return replica
            case .ejected: ill = ill ?? replica
            }
        }
        return ill
    }

    mutating func answered(_ replica: ServiceAddress) { health[replica] = nil }

    mutating func gaveUp(_ replica: ServiceAddress) { health[replica]?.abandonProbe() }

    mutating func failedToConnect(_ replica: ServiceAddress, at now: NIODeadline) {
        health[replica, default: ReplicaHealth(policy: Self.policy)].failedToConnect(at: now)
    }

    mutating func failed(_ replica: ServiceAddress, at now: NIODeadline) {
        health[replica, default: ReplicaHealth(policy: Self.policy)].failedInTransit(at: now)
    }
}
