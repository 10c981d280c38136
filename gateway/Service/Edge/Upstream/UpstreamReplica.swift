import NIOCore
import NIOHTTP1
import SharedRuntime

/// One replica as one event loop sees it: its connections, its load, its health. Confined to that loop.
final class UpstreamReplica {
    let address: ServiceAddress
    let hostHeader: String
    let socketAddress: SocketAddress?

    var health: ReplicaHealth
    /// It is not among the service's replicas any more: it ends what it has begun.
    var hasLeft = false
    /// Requests that are sent and not answered by so much as a head.
    private(set) var unanswered = 0
    /// Since when it has said nothing, while any are.
    private var silentSince: NIODeadline = .now()
    /// Open connections, in use or not. Connections being opened are counted in ``connecting``.
    private(set) var connections: [UpstreamConnection] = []
    var connecting = 0
    /// Requests assigned to this replica, from the choice until the answer has come in.
    var inFlight = 0
    /// Unused connections, the most recently used last: taken from the end, so the rest grow old and close.
    private var idle: [UpstreamConnection] = []

    var requests = 0
    var retries = 0
    var connectFailures = 0
    var transportFailures = 0
    var connectsTotal = 0

    init(address: ServiceAddress, policy: ReplicaHealth.Policy) {
        self.address = address
        self.hostHeader = address.description
        self.socketAddress = address.socketAddress
        self.health = ReplicaHealth(policy: policy)
    }

    func asked(at now: NIODeadline) {
        if unanswered == 0 { silentSince = now }
        unanswered += 1
    }

    /// A head has come (`hasSpoken`), or none will.
    func settled(hasSpoken: Bool, at now: NIODeadline) {
        unanswered -= 1
        if hasSpoken { silentSince = now }
    }

    /// Nothing has come from it for so long, although it was asked all the while.
    func isSilent(for time: TimeAmount, at now: NIODeadline) -> Bool { unanswered > 0 && silentSince + time <= now }

    var open: Int { connections.count + connecting }
    var idleCount: Int { idle.count }

    func takeIdle() -> UpstreamConnection? {
        while let connection = idle.popLast() {
            if connection.isUsable { return connection }
        }
        return nil
    }

    func putIdle(_ connection: UpstreamConnection) {
        idle.append(connection)
    }

    /// Closes the unused connection that was used longest ago.
    func closeOldestIdle() {
        guard !idle.isEmpty else { return }
        idle.removeFirst().close()
    }

    func closeIdle() {
        let all = idle
        idle.removeAll()
        for connection in all { connection.close() }
    }

    func add(_ connection: UpstreamConnection) {
        connection.slot = connections.count
        connections.append(connection)
    }

    func remove(_ connection: UpstreamConnection) {
        guard let slot = connection.slot else { return }
        connection.slot = nil
        let last = connections.removeLast()
        if last !== connection {
            connections[slot] = last
            last.slot = slot
        }
        if let position = idle.firstIndex(where: { $0 === connection }) { idle.remove(at: position) }
    }
}
