import Shared
import SharedRuntime

/// The first secret key, where the environment gives one (`VEFA_BOOTSTRAP_SECRET_KEY`): compose secrets, tests, `make run`.
enum BootstrapKey {
    struct Invalid: Error, CustomStringConvertible {
        var description: String { "VEFA_BOOTSTRAP_SECRET_KEY must begin with sk_ and have at least 12 characters" }
    }

    /// Below this a key could be guessed; it works, and the log says so.
    static let decentLength = 32

    /// Adds the key if it was never there. One that was revoked stays revoked.
    static func add(to house: House) async throws {
        guard let text = house.configuration.value("VEFA_BOOTSTRAP_SECRET_KEY") else { return }
        guard APIKey.kind(of: text) == .secret, (12...255).contains(text.utf8.count) else { throw Invalid() }
        if text.utf8.count < decentLength { house.logger.warning("the bootstrap key is short enough to be guessed") }
        let hash = KeyRing.hash(text)
        let now = VefaClock.machineNow
        let key = APIKey(
            id: TypeID.make("key", at: now), kind: .secret, name: "bootstrap", shown: APIKey.shown(text), scopes: [Scopes.everything],
            allowedOrigins: [], createdAt: now, revokedAt: nil)
        try await house.write { change in
            // Two replicas that start at once both find it missing; the second one's transaction runs again and finds it.
            guard try !APIKeyStore.exists(hash: hash, change.db) else { return }
            try APIKeyStore.insert(key, hash: hash, change.db)
            try change.revise(KeyRing.revision)
        }
    }
}
