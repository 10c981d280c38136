import Hummingbird
import Shared
import SharedRuntime

/// `GET` and `PUT /v1/connectors/{name}`: whether a store is connected, and the secret it signs with, which is only ever taken.
struct ConnectorSettingsController: Sendable {
    let kind: ConnectorKind
    let house: House
    let secrets: ConnectorSecrets

    func show(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let kind = kind
        let updatedAt = try await house.read { db in
            try db.first("SELECT updated_at FROM connectors WHERE name = \(kind.rawValue)") { $0.time(0) }
        }
        return Reply(.ok, Self.json(kind, isConfigured: secrets.isConfigured(kind), url: webhookURL, updatedAt: updatedAt))
    }

    func replace(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let kind = kind
        let url = webhookURL
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let body = FieldReader(body: input.body, issues: issues)
            let secret = body.requiredString("webhook_secret", max: 255)
            body.ignore("name", "configured", "webhook_url", "updated_at")
            body.refuseUnknown()
            try issues.throwIfAny()
            let now = VefaClock.machineNow
            if let secret { try ConnectorSecrets.replace(kind, with: secret, now: now, change) }
            return Reply(.ok, Self.json(kind, isConfigured: true, url: url, updatedAt: now))
        }
    }

    // MARK: -

    private static func json(_ kind: ConnectorKind, isConfigured: Bool, url: String, updatedAt: Timestamp?) -> JSON {
        [
            "name": .string(kind.rawValue), "configured": .bool(isConfigured), "webhook_url": .string(url), "updated_at": .from(updatedAt),
        ]
    }

    /// What is entered as the delivery address in the store's own settings.
    private var webhookURL: String { "\(house.configuration.publicURL)/v1/connectors/\(kind.rawValue)/webhooks" }
}
