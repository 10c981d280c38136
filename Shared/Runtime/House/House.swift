public import Logging
public import Shared
public import SharedStore
import Synchronization

/// One running service: its parts, in one place. What a controller or a worker gets.
public final class House: Sendable {
    public let name: ServiceName
    public let configuration: HouseConfiguration
    public let store: Store
    public let clock: VefaClock
    public let logger: Logger
    public let metrics: Metrics
    public let services: ServiceClient
    public let outbox: Outbox
    public let inbox: Inbox
    public let timers: Timers
    /// Signs the links that go out in mails and pages.
    public let links: LinkSigner
    /// What this replica does for all of them.
    let leases: Leases
    /// What replicas of this service keep in memory, and when it is to be read again.
    public let revisions: Revisions
    /// Writes copies of the store while it runs.
    public let backups: BackupDesk
    let idempotency = IdempotencyDesk()
    let principals: PrincipalSigner

    public init(
        definition: ServiceDefinition, configuration: HouseConfiguration, store: Store, clock: VefaClock, logger: Logger
    ) {
        name = definition.name
        self.configuration = configuration
        self.store = store
        self.clock = clock
        self.logger = logger
        metrics = Metrics()
        principals = PrincipalSigner(key: configuration.internalKey)
        services = ServiceClient(configuration: configuration, signer: principals, logger: logger)
        leases = Leases(store: store)
        revisions = Revisions(store: store, logger: logger)
        backups = BackupDesk(service: definition.name, store: store, leases: leases, configuration: configuration, logger: logger)
        outbox = Outbox(service: definition.name, store: store)
        links = LinkSigner(key: configuration.linkKey)
        var handlers = definition.events
        handlers.on(StoreSettings.changed, perform: SettingsKeeper.hear)
        inbox = Inbox(service: definition.name, handlers: handlers, logger: logger)
        timers = Timers(handlers: definition.timers)
        ClockKeeper.follow(self)
    }

    /// Sandbox-aware.
    public var now: Timestamp { clock.now }

    public func read<T: Sendable>(_ body: @escaping @Sendable (SQLConnection) throws -> T) async throws -> T {
        try await store.read(body)
    }

    /// Runs `body` in a transaction and returns once it is on disk. It may run twice; throwing undoes it alone.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Change) throws -> T) async throws -> T {
        let clock = clock
        let name = name
        let inbox = inbox
        let (value, said, scheduled, revised, remarks) = try await store.write { db in
            let change = Change(db: db, now: clock.now, service: name)
            let value = try body(change)
            if !change.released.isEmpty { try inbox.applyReleased(change) }
            return (value, change.said, change.scheduled, change.revised, change.remarks)
        }
        for (message, metadata) in remarks { logger.warning("\(message)", metadata: metadata.mapValues { "\($0)" }) }
        if said { outbox.changed() }
        if scheduled { timers.wakeup.signal() }
        // Here at once: who changed something finds it changed.
        for name in revised { await revisions.apply(name) }
        return value
    }
}
