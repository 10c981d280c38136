public import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle
import Shared
import SharedStore

/// Puts a service together: its routes behind the house's middleware, its relays, its timer worker. Tests build the same.
public struct ServiceApplication: Sendable {
    public let house: House
    public let definition: ServiceDefinition

    public init(_ definition: ServiceDefinition, house: House) {
        self.definition = definition
        self.house = house
    }

    /// The routes in the order a request meets them.
    public func buildRouter() -> Router<VefaContext> {
        // HEAD is answered by what answers GET, without the body; whoever counts visits asks `request.method` which of the two it was.
        let router = Router(context: VefaContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: FrontMiddleware(logger: house.logger, metrics: house.metrics))
        let routes = HouseRoutes(house: house, definition: definition)
        routes.addPublic(to: router)
        let inside = router.group("").add(middleware: PrincipalMiddleware(signer: house.principals, servicesOnly: true))
        routes.addInternal(to: inside)
        if !definition.edge { router.add(middleware: PrincipalMiddleware(signer: house.principals, servicesOnly: false)) }
        definition.routes(router, house)
        return router
    }

    /// Everything that runs beside the server.
    public func workers() throws -> [any Service] {
        var workers: [any Service] = [Housekeeping(house: house), TimerWorker(house: house), ReplicaWatch(directory: house.services.directory)]
        if house.store.dialect.isShared { workers += [ReplicaKeeper(house: house), Sequencer(house: house)] }
        for subscription in EventRouting.subscriptions(of: definition.name) { workers.append(Relay(house: house, subscription: subscription)) }
        return workers + (try definition.background(house))
    }

    public func buildApplication(onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }) throws -> some ApplicationProtocol {
        var app = Application(
            responder: buildRouter().buildResponder(),
            server: .http1OnEventLoop(idleTimeout: .seconds(75)),
            configuration: .init(
                address: .hostname(house.configuration.host, port: house.configuration.port), serverName: "vefa",
                availableConnectionsDelegate: .maximum(8_192, logger: house.logger)),
            services: try workers(),
            onServerRunning: onServerRunning,
            logger: house.logger)
        app.logger.logLevel = max(app.logger.logLevel, .warning)
        return app
    }
}

/// Opens the store and puts the house together; the migrations of the runtime run before the service's own.
public func openHouse(
    _ definition: ServiceDefinition, configuration: HouseConfiguration, logger: Logger, clock: VefaClock = VefaClock()
) async throws -> House {
    let store = try await Store.open(
        configuration.databaseURL,
        migrations: [("house", RuntimeMigrations.all), (definition.name.rawValue, definition.migrations)], logger: logger)
    return House(definition: definition, configuration: configuration, store: store, clock: clock, logger: logger)
}

/// What is thrown away when it is old enough, by machine time.
struct Housekeeping: Service {
    let house: House

    func run() async throws {
        let wakeup = Wakeup()
        await withTaskCancellationOrGracefulShutdownHandler {
            while !wakeup.hasEnded {
                let oldest = VefaClock.machineNow.adding(milliseconds: -IdempotencyTicket.lifetimeMilliseconds)
                do {
                    try await house.store.write { db in
                        _ = try db.execute("DELETE FROM idempotency WHERE created_at < \(oldest)")
                    }
                } catch {
                    house.logger.notice("could not clean up", metadata: ["reason": "\(error)"])
                }
                await wakeup.waitOut(milliseconds: 3_600_000)
            }
        } onCancelOrGracefulShutdown: {
            wakeup.end()
        }
    }
}
