import NIOCore
import NIOHTTP1

/// One replica as one event loop sees it: its connections, its load, its health. Confined to that loop.
final class UpstreamReplica {
    let address: UpstreamAddress
    let hostHeader: String
    let socketAddress: SocketAddress?
    /// Position in the pool; what ``UpstreamExchange`` remembers of the replicas it has tried.
    let index: Int

    var health: ReplicaHealth
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

    init(address: UpstreamAddress, index: Int, policy: ReplicaHealth.Policy) {
        self.address = address
        self.index = index
        self.hostHeader = address.description
        self.socketAddress = address.socketAddress
        self.health = ReplicaHealth(policy: policy)
    }

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
