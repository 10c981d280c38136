import Hummingbird
import Shared
import SharedRuntime
import Synchronization

/// The gateway: the one address of Vefa. It knows who calls, keeps what happened, and passes the rest on.
public enum GatewayService {
    public static var definition: ServiceDefinition { definition(routes: RouteTable.all) }

    /// The same with other public routes, for tests of the door.
    static func definition(routes: [PublicRoute]) -> ServiceDefinition {
        let front = Front(routes: routes)
        return ServiceDefinition(
            name: .gateway,
            migrations: GatewayMigrations.all,
            events: SaidEvents.handlers,
            routes: { router, house in front.open(house)?.addRoutes(to: router) },
            edge: true,
            background: { house in front.open(house).map { [UpstreamGauges(house: house, upstreams: $0.proxy.upstreams)] } ?? [] },
            prepare: { house in try await front.prepare(house) },
            unready: { house in await front.open(house)?.readiness.missing(house) ?? ["gateway"] })
    }

    /// Holds the gateway's parts between their making and the routes that need them.
    private final class Front: Sendable {
        private let routes: [PublicRoute]
        private let gateway = Mutex<Gateway?>(nil)

        init(routes: [PublicRoute]) {
            self.routes = routes
        }

        func prepare(_ house: House) async throws {
            let made = try Gateway(house, routes: routes)
            try await made.prepare()
            gateway.withLock { $0 = made }
        }

        func open(_ house: House) -> Gateway? { gateway.withLock { $0 } }
    }
}
