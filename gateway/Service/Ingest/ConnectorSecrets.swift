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
    /// How long a replaced secret is still accepted: deliveries under way were signed with it.
    static let rotationMilliseconds: Int64 = 86_400_000

    struct Setting: Sendable {
        var secret: String
        var previous: String?
        var previousUntil: Timestamp?
        var updatedAt: Timestamp
    }

    private let fromEnvironment: [ConnectorKind: String]
    private let settings = Mutex<[ConnectorKind: Setting]>([:])

    init(_ configuration: HouseConfiguration) {
        var found: [ConnectorKind: String] = [:]
        for kind in ConnectorKind.allCases { found[kind] = configuration.value(kind.secretVariable) }
        fromEnvironment = found
    }

    /// Every secret that a webhook may be signed with now, by machine time.
    func live(_ kind: ConnectorKind, now: Timestamp) -> [String] {
        let setting = settings.withLock { $0[kind] }
        var secrets: [String] = []
        if let setting {
            secrets.append(setting.secret)
            if let previous = setting.previous, let until = setting.previousUntil, now < until { secrets.append(previous) }
        }
        if let given = fromEnvironment[kind] { secrets.append(given) }
        return secrets
    }

    func isConfigured(_ kind: ConnectorKind) -> Bool {
        fromEnvironment[kind] != nil || settings.withLock { $0[kind] != nil }
    }

    func reload(from house: House) async throws {
        let rows = try await house.read { db in
            try db.all("SELECT name, secret, previous_secret, previous_until, updated_at FROM connectors") { row in
                (
                    row.text(0),
                    Setting(secret: row.text(1), previous: row.textOrNil(2), previousUntil: row.timeOrNil(3), updatedAt: row.time(4))
                )
            }
        }
        settings.withLock { settings in
            for (name, setting) in rows {
                guard let kind = ConnectorKind(rawValue: name), setting.updatedAt >= settings[kind]?.updatedAt ?? .epoch else { continue }
                settings[kind] = setting
            }
        }
    }

    /// Replaces a connector's secret; the one before stays valid for a day.
    static func replace(_ kind: ConnectorKind, with secret: String, now: Timestamp, _ db: SQLConnection) throws {
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
    }
}
