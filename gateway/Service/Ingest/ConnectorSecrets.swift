import Shared
import SharedRuntime
import SharedStore
import Synchronization

/// The stores that can be connected.
enum ConnectorKind: String, Sendable, CaseIterable {
    case shopify, woocommerce

    /// `VEFA_SHOPIFY_WEBHOOK_SECRET`, `VEFA_WOOCOMMERCE_WEBHOOK_SECRET`: a secret that is valid beside the one set by call.
    var secretVariable: String { "VEFA_\(rawValue.uppercased())_WEBHOOK_SECRET" }
}

/// The secrets that stores sign their webhooks with, in memory. They are never answered nor logged.
final class ConnectorSecrets: Sendable {
    /// What replicas call the secrets when they tell each other of a change.
    static let revision = "connectors"
    /// How long a replaced secret is still accepted: deliveries under way were signed with it.
    static let rotationMilliseconds: Int64 = 86_400_000

    struct Setting: Sendable {
        var secret: String
        var previous: String?
        var previousUntil: Timestamp?
        var updatedAt: Timestamp
    }

    private let fromEnvironment: [ConnectorKind: String]
    private let state = Mutex(State())

    private struct State {
        var settings: [ConnectorKind: Setting] = [:]
        var ticket = 0
        var loaded = 0
    }

    init(_ configuration: HouseConfiguration) {
        var found: [ConnectorKind: String] = [:]
        for kind in ConnectorKind.allCases { found[kind] = configuration.value(kind.secretVariable) }
        fromEnvironment = found
    }

    /// Every secret that a webhook may be signed with now, by machine time.
    func live(_ kind: ConnectorKind, now: Timestamp) -> [String] {
        let setting = state.withLock { $0.settings[kind] }
        var secrets: [String] = []
        if let setting {
            secrets.append(setting.secret)
            if let previous = setting.previous, let until = setting.previousUntil, now < until { secrets.append(previous) }
        }
        if let given = fromEnvironment[kind] { secrets.append(given) }
        return secrets
    }

    func isConfigured(_ kind: ConnectorKind) -> Bool {
        fromEnvironment[kind] != nil || state.withLock { $0.settings[kind] != nil }
    }

    /// Reads the secrets from the store. Of two readings at once, the one that began later wins: replicas' clocks differ.
    func reload(from house: House) async throws {
        let ticket = state.withLock { state in
            state.ticket += 1
            return state.ticket
        }
        let rows = try await house.read { db in
            try db.all("SELECT name, secret, previous_secret, previous_until, updated_at FROM connectors") { row in
                (
                    row.text(0),
                    Setting(secret: row.text(1), previous: row.textOrNil(2), previousUntil: row.timeOrNil(3), updatedAt: row.time(4))
                )
            }
        }
        state.withLock { state in
            guard ticket > state.loaded else { return }
            state.loaded = ticket
            for (name, setting) in rows {
                if let kind = ConnectorKind(rawValue: name) { state.settings[kind] = setting }
            }
        }
    }

    /// Replaces a connector's secret; the one before stays valid for a day.
    static func replace(_ kind: ConnectorKind, with secret: String, now: Timestamp, _ change: Change) throws {
        let db = change.db
        let known = try db.first("SELECT secret FROM connectors WHERE name = \(kind.rawValue)") { $0.text(0) }
        // Setting the same secret again must not make it its own predecessor and so cut short the real one's day.
        if known == secret { return }
        let until = now.adding(milliseconds: rotationMilliseconds)
        try db.execute(
            """
            INSERT INTO connectors (name, secret, previous_secret, previous_until, updated_at)
            VALUES (\(kind.rawValue), \(secret), NULL, NULL, \(now))
            ON CONFLICT (name) DO UPDATE SET previous_secret = connectors.secret, previous_until = \(until), secret = excluded.secret,
                updated_at = excluded.updated_at
            """)
        try change.revise(revision)
    }
}
