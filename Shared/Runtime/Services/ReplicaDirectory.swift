public import Logging
import NIOCore
import ServiceLifecycle
public import Shared
import Synchronization

/// Where the replicas of every service are just now. `VEFA_<SERVICE>_URL` names addresses and names; a name stands for all of its addresses, and
/// is looked up again and again, since replicas come and go behind it (`docker compose up --scale`, a headless service of Kubernetes).
///
/// A look-up that fails or finds nothing changes nothing: the last good answer holds until there is a better one.
public final class ReplicaDirectory: Sendable {
    /// Replicas of one service that are used at most. What is beyond is left out, and the log says so.
    public static let limit = 256
    /// Milliseconds between two look-ups of a name, up to a fifth more or less.
    static let everyMilliseconds: Int64 = 5_000
    /// Milliseconds between two look-ups when replicas fail.
    static let hurriedMilliseconds: Int64 = 500

    public typealias Follower = @Sendable ([ServiceAddress]) -> Void

    private struct Entry {
        let configured: [ServiceAddress]
        /// The addresses of each name, as last found; literal addresses are not in it.
        var found: [ServiceAddress: [ServiceAddress]] = [:]
        var replicas: [ServiceAddress] = []
        var followers: [Follower] = []
        /// Counts look-ups, so that an older one that ends late is not taken for the newer.
        var asked = 0
        var taken = 0
        var fails = false
        var overflows = false

        var names: [ServiceAddress] { configured.filter { !$0.isLiteral } }
    }

    private let state: Mutex<[ServiceName: Entry]>
    private let lookup: NameLookup
    private let logger: Logger
    let wakeup = Wakeup()
    let isHurried = Atomic(false)

    /// - Parameter lookup: nil asks the system.
    public init(_ configured: [ServiceName: [ServiceAddress]], lookup: NameLookup? = nil, logger: Logger) {
        self.lookup = lookup ?? SystemNames.lookup
        self.logger = logger
        state = Mutex(
            configured.mapValues { addresses in
                var entry = Entry(configured: addresses)
                entry.replicas = Array(addresses.filter(\.isLiteral).prefix(Self.limit))
                return entry
            })
    }

    /// The replicas as last found; empty before the first look-up of a service that has only names.
    public func replicas(of service: ServiceName) -> [ServiceAddress] { state.withLock { $0[service]?.replicas ?? [] } }

    /// The same, after a look-up where nothing is known yet.
    func known(of service: ServiceName) async -> [ServiceAddress] {
        let known = replicas(of: service)
        guard known.isEmpty else { return known }
        await refresh(service)
        return replicas(of: service)
    }

    /// Calls `follower` with the replicas, now and whenever they are others, one call after the other. It is held up meanwhile: the follower passes
    /// them on, and asks nothing of the directory.
    public func follow(_ service: ServiceName, _ follower: @escaping Follower) {
        state.withLock { state in
            state[service]?.followers.append(follower)
            follower(state[service]?.replicas ?? [])
        }
    }

    /// A replica failed: names are looked up soon, rather than when their time has come.
    public func hurry() {
        guard !isHurried.exchange(true, ordering: .relaxed) else { return }
        wakeup.signal()
    }

    /// Whether there is anything to look up.
    var hasNames: Bool { state.withLock { $0.values.contains { !$0.names.isEmpty } } }

    /// Looks up every name once.
    public func refresh() async {
        let services = state.withLock { Array($0.keys) }
        await withTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { await self.refresh(service) } }
        }
    }

    /// Looks up the names of one service.
    public func refresh(_ service: ServiceName) async {
        let (names, number) = state.withLock { state -> ([ServiceAddress], Int) in
            state[service]?.asked += 1
            return (state[service]?.names ?? [], state[service]?.asked ?? 0)
        }
        guard !names.isEmpty else { return }
        var answers: [ServiceAddress: [ServiceAddress]] = [:]
        var failure: String?
        for name in names {
            do {
                let addresses = try await lookup(name.host).map { ServiceAddress(host: $0, port: name.port) }.filter(\.isLiteral)
                if addresses.isEmpty { failure = "\(name.host) has no address" } else { answers[name] = addresses }
            } catch {
                failure = "\(name.host): \(error)"
            }
        }
        take(answers, failure, of: service, number: number)
    }

    private func take(_ answers: [ServiceAddress: [ServiceAddress]], _ failure: String?, of service: ServiceName, number: Int) {
        var news: [(Logger.Level, Logger.Message, Logger.Metadata)] = []
        state.withLock { state in
            guard var entry = state[service], number > entry.taken else { return }
            entry.taken = number
            entry.found.merge(answers) { $1 }
            if entry.fails != (failure != nil) {
                entry.fails = failure != nil
                if let failure {
                    news.append((.notice, "a name cannot be looked up; what was found before holds", ["reason": "\(failure)"]))
                } else {
                    news.append((.notice, "names can be looked up again", [:]))
                }
            }
            let before = entry.replicas
            let (chosen, isTooMany) = Self.choose(entry, keeping: before)
            if isTooMany, !entry.overflows {
                news.append((.warning, "more replicas than are used", ["used": "\(Self.limit)"]))
            }
            entry.overflows = isTooMany
            entry.replicas = chosen
            let isNew = Set(chosen) != Set(before)
            if isNew {
                let shown = chosen.prefix(16).map(\.description).joined(separator: " ")
                news.append((.info, "replicas found", ["replicas": "\(shown)", "count": "\(chosen.count)"]))
            }
            state[service] = entry
            if isNew { for follower in entry.followers { follower(chosen) } }
        }
        for (level, message, metadata) in news {
            logger.log(level: level, message, metadata: metadata.merging(["service": "\(service.rawValue)"]) { $1 })
        }
    }

    /// All that are known, once each. Of more than there is room for, those that are in use stay: a list in another order must not move everybody.
    private static func choose(_ entry: Entry, keeping before: [ServiceAddress]) -> ([ServiceAddress], isTooMany: Bool) {
        var seen: Set<ServiceAddress> = []
        let all = entry.configured.flatMap { $0.isLiteral ? [$0] : entry.found[$0] ?? [] }.filter { seen.insert($0).inserted }
        guard all.count > limit else { return (all, false) }
        let staying = before.filter(seen.contains)
        let kept = Set(staying)
        return (Array((staying + all.filter { !kept.contains($0) }).prefix(limit)), true)
    }
}

/// Keeps the directory up to date while a service runs.
struct ReplicaWatch: Service {
    let directory: ReplicaDirectory
    /// Milliseconds between two look-ups where nothing hurries.
    var every = ReplicaDirectory.everyMilliseconds

    func run() async throws {
        let wakeup = directory.wakeup
        let hasNames = directory.hasNames
        await withTaskCancellationOrGracefulShutdownHandler {
            while !wakeup.hasEnded {
                directory.isHurried.store(false, ordering: .relaxed)
                if hasNames { await directory.refresh() }
                // However many failures ask for it, there is a pause between two look-ups.
                await wakeup.waitOut(milliseconds: ReplicaDirectory.hurriedMilliseconds)
                if directory.isHurried.load(ordering: .relaxed), hasNames { continue }
                let spread = every / 5
                let rest = every - ReplicaDirectory.hurriedMilliseconds + .random(in: -spread...spread)
                await wakeup.wait(milliseconds: hasNames ? rest : 60_000)
            }
        } onCancelOrGracefulShutdown: {
            wakeup.end()
        }
    }
}
