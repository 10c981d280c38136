import Logging
import SharedStore
import Synchronization

/// What replicas of a service keep in memory of their store, and how each hears that another has changed it: whoever changes it says
/// ``Change/revise(_:)`` in the same transaction, whoever keeps it gives ``follow(_:_:)`` the way to read it again.
///
/// In the process that made the change that has happened when the write returns; in the others within ``pollMilliseconds`` and the time of
/// reading. An embedded store has no others, and is not asked.
public final class Revisions: Sendable {
    /// How often a shared store is asked.
    static let pollMilliseconds: Int64 = 200
    /// Tries to read what could not be read: some minutes of an outage.
    private static let mostTries = 3_000

    private struct State {
        var followers: [String: [@Sendable () async throws -> Void]] = [:]
        var known: [String: Int64] = [:]
        /// What could not be read, and is tried again.
        var late: Set<String> = []
    }

    private let store: Store
    private let logger: Logger
    private let state = Mutex(State())

    init(store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Calls `reload` whenever `name` was revised after this. `reload` may be called without need, and several times at once: of two readings the
    /// one of the newer state has to win.
    public func follow(_ name: String, _ reload: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.followers[name, default: []].append(reload) }
    }

    /// Reads again what `name` is about, in this process. A failure is logged, and made good as soon as the store can be read.
    func apply(_ name: String) async {
        do {
            try await reload(name)
        } catch {
            logger.warning("what changed could not be read", metadata: ["name": "\(name)", "reason": "\(error)"])
            // On a shared store the next look finds that it was not read; here nobody looks.
            guard !store.dialect.isShared else { return }
            let isFirst = state.withLock { $0.late.insert(name).inserted }
            if isFirst { Task { await makeGood(name) } }
        }
    }

    private func reload(_ name: String) async throws {
        for reload in state.withLock({ $0.followers[name] ?? [] }) { try await reload() }
    }

    private func makeGood(_ name: String) async {
        let wakeup = Wakeup()
        for _ in 0..<Self.mostTries {
            await wakeup.wait(milliseconds: Self.pollMilliseconds)
            do {
                try await reload(name)
                break
            } catch {
                continue
            }
        }
        state.withLock { _ = $0.late.remove(name) }
    }

    /// Looks for revisions of others and applies them. What cannot be read now is looked for again the next time.
    func look() async throws {
        let found = try await store.read { db in try db.all("SELECT name, revision FROM revisions") { ($0.text(0), $0.int(1)) } }
        for (name, revision) in found where state.withLock({ $0.known[name] }) != revision {
            do {
                try await reload(name)
                state.withLock { $0.known[name] = revision }
            } catch {
                logger.warning("what changed could not be read", metadata: ["name": "\(name)", "reason": "\(error)"])
            }
        }
    }
}
