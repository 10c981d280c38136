import Crypto
import HTTPTypes
import Hummingbird
import Shared
import SharedRuntime
import SharedStore

/// `GET` and `PUT /v1/settings`: what the suite knows of the shop. The customers' token secret is only ever taken.
struct SettingsController: Sendable {
    let house: House
    let desk: SettingsDesk

    func show(_ request: Request, _ context: VefaContext) async throws -> Reply {
        reply(try await house.read { try SettingsStore.read($0) })
    }

    /// Replaces what the body names; null takes back what was written, so that the environment's value holds again where there is one.
    func replace(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let condition = request.headers[.ifMatch]
        return try await house.command(request, context) { input, change in
            var written = try SettingsStore.read(change.db)
            try check(condition, against: written)
            let issues = FieldIssues()
            let body = FieldReader(body: input.body, issues: issues)
            let fields = SettingsFields.read(body)
            let secret = body.string("customer_token_secret", max: SettingsDesk.secretLength.upperBound)
            if let secret, secret.utf8.count < SettingsDesk.secretLength.lowerBound {
                body.fail("customer_token_secret", "too_short", "at least \(SettingsDesk.secretLength.lowerBound) characters")
            }
            body.ignore("customer_token_configured", "updated_at")
            body.refuseUnknown()
            try issues.throwIfAny()
            let before = written
            written.write(fields)
            if body.has("customer_token_secret") {
                written.replaceSecret(with: secret, environment: desk.defaultSecret, now: VefaClock.machineNow)
            }
            if written != before {
                written.version += 1
                written.updatedAt = VefaClock.machineNow
                try SettingsStore.keep(written, change.db)
                try desk.tell(written, change)
                try change.revise(SettingsDesk.revision)
            }
            return reply(written)
        }
    }

    // MARK: -

    private func reply(_ written: WrittenSettings) -> Reply {
        Reply(.ok, json(written), headers: [.eTag: etag(written)])
    }

    private func json(_ written: WrittenSettings) -> JSON {
        var object = written.effective(over: desk.defaults).json.object ?? JSONObject()
        object["customer_token_configured"] = .bool(written.secret != nil || desk.defaultSecret != nil)
        object["updated_at"] = .from(written.updatedAt)
        return .object(object)
    }

    /// Another one after every change, the secret's too.
    private func etag(_ written: WrittenSettings) -> String {
        let bytes = json(written).bytes + Array(String(written.version).utf8)
        return "\"" + Base64URL.encode(Array(SHA256.hash(data: bytes)).prefix(12)) + "\""
    }

    /// `If-Match` (RFC 9110, 13.1.1): whoever names the state that they have seen must not overwrite another one.
    private func check(_ condition: String?, against written: WrittenSettings) throws {
        guard let condition, !condition.isEmpty else { return }
        let tags = condition.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
        guard tags.contains("*") || tags.contains(etag(written)) else {
            throw Problem(
                412, "precondition_failed", "Changed in the meantime",
                detail: "The settings are not the ones that If-Match names. Read them again.")
        }
    }
}
