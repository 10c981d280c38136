import Shared
import SharedRuntime

/// The parts of the front door that its routes share.
final class Gateway: Sendable {
    let house: House
    let keys: KeyRing
    let doorkeeper: Doorkeeper
    let secrets: ConnectorSecrets
    let settings: SettingsDesk
    let routes: [PublicRoute]
    let readiness = UpstreamReadiness()
    let proxy: ProxyHandler

    init(_ house: House, routes: [PublicRoute] = RouteTable.all) throws {
        self.house = house
        self.routes = routes
        let limit: RateLimit?
        do { limit = try RateLimit.read(house.configuration.value("VEFA_RATE_LIMIT")) } catch {
            throw HouseConfiguration.Invalid(description: error.description)
        }
        keys = KeyRing(limit: limit)
        settings = try SettingsDesk(house.configuration)
        doorkeeper = Doorkeeper(
            keys: keys, settings: settings, proxies: try TrustedProxies(house.configuration),
            guesses: AddressLimiter(limit.map { _ in AddressLimiter.guesses }, detail: "Too many calls were refused."),
            visits: AddressLimiter(limit.map { _ in AddressLimiter.visits }, detail: "Too many calls came from this address."),
            logger: house.logger)
        secrets = ConnectorSecrets(house.configuration)
        proxy = ProxyHandler(house: house)
    }

    /// What must be in memory before the first call.
    func prepare() async throws {
        // Followed before they are read: what another replica changes in between is read again.
        house.revisions.follow(KeyRing.revision) { [keys, weak house] in if let house { try await keys.reload(from: house) } }
        house.revisions.follow(ConnectorSecrets.revision) { [secrets, weak house] in if let house { try await secrets.reload(from: house) } }
        house.revisions.follow(SettingsDesk.revision) { [settings, weak house] in if let house { try await settings.reload(from: house) } }
        try await BootstrapKey.add(to: house)
        try await keys.reload(from: house)
        try await secrets.reload(from: house)
        try await settings.prepare(house)
        // A name that cannot be looked up yet is asked again while the gateway serves.
        await house.services.directory.refresh()
    }
}
