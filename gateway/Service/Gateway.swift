import Shared
import SharedRuntime

/// The parts of the front door that its routes share.
final class Gateway: Sendable {
    let house: House
    let keys: KeyRing
    let doorkeeper: Doorkeeper
    let secrets: ConnectorSecrets
    let readiness = UpstreamReadiness()
    let proxy: ProxyHandler

    init(_ house: House) throws {
        self.house = house
        let limit: RateLimit?
        do { limit = try RateLimit.read(house.configuration.value("VEFA_RATE_LIMIT")) } catch {
            throw HouseConfiguration.Invalid(description: error.description)
        }
        keys = KeyRing(limit: limit)
        doorkeeper = Doorkeeper(keys: keys, guesses: FailureLimiter(isOn: limit != nil))
        secrets = ConnectorSecrets(house.configuration)
        proxy = try ProxyHandler(house: house)
    }

    /// What must be in memory before the first call.
    func prepare() async throws {
        try await BootstrapKey.add(to: house)
        try await keys.reload(from: house)
        try await secrets.reload(from: house)
    }
}
