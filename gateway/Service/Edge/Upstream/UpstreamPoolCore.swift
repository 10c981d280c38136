import NIOCore
import NIOHTTP1
import NIOPosix
import SharedRuntime

/// The connections of one event loop to the replicas of one service: chooses, connects, queues, and looks for what is late.
/// Confined to that loop: no locks, and every decision is made in one go.
final class UpstreamPoolCore {
    let eventLoop: any EventLoop
    let configuration: UpstreamConfiguration
    private(set) var replicas: [UpstreamReplica]
    /// Replicas that are no longer named and have connections in use.
    private var leaving: [UpstreamReplica] = []
    private let onTrouble: @Sendable () -> Void

    private var waiting = CircularBuffer<(exchange: UpstreamExchange, until: NIODeadline)>()
    private var random = SplitMix64(seed: .random(in: .min ... .max))
    private var isSweeping = false
    private var isShutDown = false
    private var overloaded = 0
    private var departedFailures = 0
    private var bufferedHighWater = 0

    init(
        addresses: [ServiceAddress], configuration: UpstreamConfiguration, eventLoop: any EventLoop, onTrouble: @escaping @Sendable () -> Void
    ) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.onTrouble = onTrouble
        self.replicas = addresses.map { UpstreamReplica(address: $0, policy: configuration.ejection) }
    }

    // MARK: Who is there

    func update(_ addresses: [ServiceAddress]) {
        guard !isShutDown else { return }
        // One that comes back before it is gone is still the same.
        var known = Dictionary((replicas + leaving).map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
        replicas = addresses.map { address in
            let replica = known.removeValue(forKey: address) ?? UpstreamReplica(address: address, policy: configuration.ejection)
            replica.hasLeft = false
            return replica
        }
        leaving = Array(known.values)
        for replica in leaving {
            replica.hasLeft = true
            replica.closeIdle()
        }
        letGo()
        serveWaiting()
    }

    /// Forgets those that have ended what they had begun.
    private func letGo() {
        guard !leaving.isEmpty else { return }
        leaving.removeAll { replica in
            guard replica.open == 0 else { return false }
            departedFailures += replica.connectFailures + replica.transportFailures
            return true
        }
    }

    // MARK: Giving an exchange a connection

    func dispatch(_ exchange: UpstreamExchange) {
        carryOut(choose(for: exchange), for: exchange)
    }

    private func carryOut(_ choice: Choice, for exchange: UpstreamExchange) {
        switch choice {
        case .replica(let replica):
            if let connection = replica.takeIdle() {
                assign(exchange, to: replica)
                exchange.begin(on: connection)
            } else {
                connect(to: replica, for: exchange)
            }
        case .allBusy:
            wait(exchange)
        case .none:
            onTrouble()
            exchange.fail(UpstreamError.unreachable)
        }
    }

    /// Sends an exchange again, to another replica if there is one, and over a fresh connection: the kept ones may have been closed by their peer
    /// as well.
    func repeatOnce(_ exchange: UpstreamExchange, after lost: UpstreamReplica) {
        exchange.tried.append(lost)
        var choice = choose(for: exchange)
        if case .none = choice, !lost.hasLeft {
            exchange.tried.removeAll { $0 === lost }
            choice = choose(for: exchange)
        }
        switch choice {
        case .replica(let replica):
            replica.retries += 1
            if replica.open >= configuration.maxConnectionsPerReplica { replica.closeOldestIdle() }
            connect(to: replica, for: exchange)
        case .allBusy:
            wait(exchange)
        case .none:
            exchange.fail(UpstreamError.broken(midway: false))
        }
    }

    private func wait(_ exchange: UpstreamExchange) {
        guard waiting.count < configuration.maxWaiting else {
            overloaded += 1
            return exchange.fail(UpstreamError.overloaded)
        }
        waiting.append((exchange, .now() + configuration.waitTimeout))
        sweepSoon()
    }

    private func assign(_ exchange: UpstreamExchange, to replica: UpstreamReplica) {
        exchange.replica = replica
        replica.inFlight += 1
        sweepSoon()
    }

    func unassign(_ exchange: UpstreamExchange, from replica: UpstreamReplica) {
        guard exchange.replica === replica else { return }
        exchange.replica = nil
        replica.inFlight -= 1
        if exchange.isProbe {
            exchange.isProbe = false
            replica.health.abandonProbe()
        }
    }

    /// An exchange that ends, or starts over, without its response.
    func forget(_ exchange: UpstreamExchange) {
        if let replica = exchange.replica {
            unassign(exchange, from: replica)
        } else if let position = waiting.firstIndex(where: { $0.exchange === exchange }) {
            waiting.remove(at: position)
        }
    }

    // MARK: Choosing a replica

    private enum Choice {
        /// It has a connection to spare, or room for one more.
        case replica(UpstreamReplica)
        case allBusy
        case none
    }

    /// The less busy of two healthy replicas picked at random. An ejected one whose time is over gets this request as its
    /// probe. When all are ejected, any of them gets one try: refusing outright would make a short outage last longer.
    ///
    /// A replica that has gone silent is left to what it has, as long as others speak.
    private func choose(for exchange: UpstreamExchange) -> Choice {
        guard !isShutDown, !exchange.isPanic else { return .none }
        let now = NIODeadline.now()
        var healthy = Draw()
        var silent = Draw()
        var ejected = Draw()
        var isAnyFull = false
        for replica in replicas {
            guard exchange.tried.isEmpty || !exchange.tried.contains(where: { $0 === replica }) else { continue }
            let standing = replica.health.standing(at: now)
            if isFull(replica) {
                isAnyFull = true
            } else if standing == .healthy {
                if replica.isSilent(for: configuration.silence, at: now) {
                    silent.add(replica, &random)
                } else {
                    healthy.add(replica, &random)
                }
            } else if standing == .awaitingProbe {
                replica.health.beginProbe()
                exchange.isProbe = true
                return .replica(replica)
            } else {
                ejected.add(replica, &random)
            }
        }
        if let replica = healthy.lessBusy ?? silent.lessBusy { return .replica(replica) }
        guard !isAnyFull else { return .allBusy }
        // After a refusal elsewhere, the ejected ones are not tried on top.
        guard let replica = ejected.lessBusy, exchange.tried.isEmpty else { return .none }
        exchange.isPanic = true
        return .replica(replica)
    }

    /// Two replicas out of however many are added, each pair as likely.
    private struct Draw {
        private var count: UInt64 = 0
        private var first: UpstreamReplica?
        private var second: UpstreamReplica?

        mutating func add(_ replica: UpstreamReplica, _ random: inout SplitMix64) {
            count += 1
            switch count {
            case 1: first = replica
            case 2:
                // Of two equally busy ones the first is taken: which that is must be chance.
                if random.next() & 1 == 0 {
                    second = replica
                } else {
                    second = first
                    first = replica
                }
            default:
                switch random.next() % count {
                case 0: first = replica
                case 1: second = replica
                default: break
                }
            }
        }

        var lessBusy: UpstreamReplica? {
            guard let first, let second else { return first }
            return second.inFlight < first.inFlight ? second : first
        }
    }

    private func isFull(_ replica: UpstreamReplica) -> Bool {
        replica.idleCount == 0 && replica.open >= configuration.maxConnectionsPerReplica
    }

    // MARK: What became of it

    func answered(_ exchange: UpstreamExchange) {
        exchange.isProbe = false
        exchange.replica?.health.succeeded()
    }

    func failedInTransit(_ exchange: UpstreamExchange) {
        guard let replica = exchange.replica else { return }
        exchange.isProbe = false
        replica.transportFailures += 1
        replica.health.failedInTransit(at: .now())
        onTrouble()
    }

    func noteBuffered(_ bytes: Int) {
        if bytes > bufferedHighWater { bufferedHighWater = bytes }
    }

    // MARK: Connections

    private func connect(to replica: UpstreamReplica, for exchange: UpstreamExchange) {
        assign(exchange, to: replica)
        replica.connecting += 1
        replica.connectsTotal += 1
        let core = NIOLoopBound((pool: self, replica: replica), eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(configuration.connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // This pool frames its requests itself and its header fields are valid by type.
                    var encoder = HTTPRequestEncoder.Configuration()
                    encoder.automaticallySetFramingHeaders = false
                    let handlers = channel.pipeline.syncOperations
                    try handlers.addHTTPClientHandlers(enableOutboundHeaderValidation: false, encoderConfiguration: encoder)
                    let (pool, replica) = core.value
                    try handlers.addHandler(UpstreamConnection(pool: pool, replica: replica))
                }
            }
        let connected =
            if let address = replica.socketAddress {
                bootstrap.connect(to: address)
            } else {
                bootstrap.connect(host: replica.address.host, port: replica.address.port)
            }
        connected.assumeIsolated().whenComplete { result in
            replica.connecting -= 1
            let connection = (try? result.get()).flatMap { channel in
                try? channel.pipeline.syncOperations.handler(type: UpstreamConnection.self)
            }
            if let connection, connection.isUsable {
                self.connected(connection, for: exchange)
            } else {
                self.failedToConnect(exchange, to: replica)
            }
        }
    }

    private func connected(_ connection: UpstreamConnection, for exchange: UpstreamExchange) {
        connection.replica.add(connection)
        if exchange.isOver {
            becameIdle(connection)
        } else {
            exchange.begin(on: connection)
        }
    }

    private func failedToConnect(_ exchange: UpstreamExchange, to replica: UpstreamReplica) {
        replica.connectFailures += 1
        replica.health.failedToConnect(at: .now())
        onTrouble()
        if !exchange.isOver {
            exchange.isProbe = false
            unassign(exchange, from: replica)
            exchange.tried.append(replica)
            dispatch(exchange)
        }
        serveWaiting()
    }

    /// A connection is free: the request that has waited longest gets it.
    func becameIdle(_ connection: UpstreamConnection) {
        if isShutDown { return connection.close() }
        if connection.replica.hasLeft {
            connection.close()
            return serveWaiting()
        }
        if let next = waiting.popFirst() {
            assign(next.exchange, to: connection.replica)
            next.exchange.begin(on: connection)
        } else {
            connection.replica.putIdle(connection)
            sweepSoon()
        }
    }

    func closed(_ connection: UpstreamConnection) {
        guard connection.slot != nil else { return }
        connection.replica.remove(connection)
        if connection.replica.hasLeft { letGo() }
        serveWaiting()
    }

    /// There may be room for a connection more. Who cannot be served yet keeps its place and its time.
    private func serveWaiting() {
        while let first = waiting.first?.exchange {
            let choice = choose(for: first)
            if case .allBusy = choice { return }
            waiting.removeFirst()
            carryOut(choice, for: first)
        }
    }

    // MARK: Time

    private func sweepSoon() {
        guard !isSweeping else { return }
        isSweeping = true
        eventLoop.assumeIsolated().scheduleTask(in: configuration.sweepInterval) {
            self.isSweeping = false
            self.sweep(at: .now())
        }
    }

    /// Ends what is late and closes what is unused for long. Runs only while there is something to watch.
    private func sweep(at now: NIODeadline) {
        while let first = waiting.first, first.until <= now {
            waiting.removeFirst()
            overloaded += 1
            first.exchange.fail(UpstreamError.overloaded)
        }
        for replica in replicas + leaving {
            // A copy, because ending an exchange may close its connection here and now.
            for connection in replica.connections {
                if let exchange = connection.current {
                    if exchange.deadline <= now { exchange.timedOut() }
                } else if connection.idleSince + configuration.idleTimeout <= now {
                    connection.close()
                }
            }
        }
        letGo()
        if !waiting.isEmpty || !leaving.isEmpty || replicas.contains(where: { $0.open > 0 }) { sweepSoon() }
    }

    // MARK: From outside

    func shutDown() {
        isShutDown = true
        while let next = waiting.popFirst() { next.exchange.fail(UpstreamError.unreachable) }
        for replica in replicas { replica.closeIdle() }
    }

    func snapshot() -> UpstreamSnapshot {
        let now = NIODeadline.now()
        return UpstreamSnapshot(
            replicas: replicas.map { $0.snapshot(at: now) },
            waiting: waiting.count, overloaded: overloaded, departedFailures: departedFailures, bufferedHighWater: bufferedHighWater)
    }
}

/// A small, fast source of chance for balancing load; not for secrets.
private struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
