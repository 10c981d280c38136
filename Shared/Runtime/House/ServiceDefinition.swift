public import Hummingbird
public import ServiceLifecycle
public import Shared
public import SharedStore

/// Everything that makes one of the five executables what it is; the rest is the house.
public struct ServiceDefinition: Sendable {
    public typealias Routes = @Sendable (Router<VefaContext>, House) -> Void

    public let name: ServiceName
    public let migrations: [Migration]
    public let events: EventHandlers
    public let timers: TimerHandlers
    public let routes: Routes
    /// True for the front door: its public routes check API keys themselves; only /internal asks for a signed principal.
    public let edge: Bool
    /// This service's parts of the customer 360, by name.
    public let overview: (@Sendable (_ customerID: String, House, SQLConnection) throws -> JSONObject)?
    public let background: @Sendable (House) throws -> [any Service]
    /// Runs after the migrations and before anything is served: what a fresh suite has.
    public let prepare: @Sendable (House) async throws -> Void
    /// Reasons why this service cannot serve just now, beyond its store; empty when it can.
    public let unready: @Sendable (House) async -> [String]
    /// Goes over the whole store for what must always hold (loyalty: its ledger), in one snapshot: nil, or what does not. Asked of every copy.
    public let verify: (@Sendable (SQLConnection) throws -> String?)?

    public init(
        name: ServiceName, migrations: [Migration], events: EventHandlers = EventHandlers(), timers: TimerHandlers = TimerHandlers(),
        routes: @escaping Routes, edge: Bool = false,
        overview: (@Sendable (String, House, SQLConnection) throws -> JSONObject)? = nil,
        background: @escaping @Sendable (House) throws -> [any Service] = { _ in [] },
        prepare: @escaping @Sendable (House) async throws -> Void = { _ in },
        unready: @escaping @Sendable (House) async -> [String] = { _ in [] },
        verify: (@Sendable (SQLConnection) throws -> String?)? = nil
    ) {
        self.name = name
        self.migrations = migrations
        self.events = events
        self.timers = timers
        self.routes = routes
        self.edge = edge
        self.overview = overview
        self.background = background
        self.prepare = prepare
        self.unready = unready
        self.verify = verify
    }
}
