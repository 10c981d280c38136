import Hummingbird
import Shared
import SharedRuntime
import SharedStore

/// `/v1/api_keys`: making keys, looking at them without their secret, and revoking them at once.
struct APIKeyController: Sendable {
    let house: House
    let keys: KeyRing

    /// The key itself is in this answer and nowhere else: not in the store, and so not in the answer that a repeated `Idempotency-Key`
    /// brings.
    func create(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let candidates = [APIKey.Kind.secret: APIKey.makeKey(.secret), .publishable: APIKey.makeKey(.publishable)]
        var reply = try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let body = FieldReader(body: input.body, issues: issues)
            let kind = body.choice("kind", APIKey.Kind.self) ?? .secret
            let name = body.requiredString("name", max: 100)
            let scopes = Self.scopes(body) ?? [Scopes.everything]
            let origins = Self.origins(body) ?? []
            body.refuseUnknown()
            try issues.throwIfAny()
            guard let text = candidates[kind] else { throw Problem.internalError }
            let key = APIKey(
                id: TypeID.make("key", at: VefaClock.machineNow), kind: kind, name: name ?? "", shown: APIKey.shown(text), scopes: scopes,
                allowedOrigins: origins, createdAt: VefaClock.machineNow, revokedAt: nil)
            try APIKeyStore.insert(key, hash: KeyRing.hash(text), change.db)
            try change.revise(KeyRing.revision)
            return .created(key.json)
        }
        guard reply.status == .created, reply.headers[.idempotencyReplayed] == nil else { return reply }
        var json = try JSONParser.parse(reply.body).object ?? JSONObject()
        json["key"] = json["kind"]?.string.flatMap(APIKey.Kind.init).flatMap { candidates[$0] }.map(JSON.string)
        reply.body = JSON.object(json).bytes
        return reply
    }

    func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let page = try request.page()
        return Reply(.ok, try await house.read { try APIKeyStore.page(page, $0) }.json)
    }

    func show(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        return Reply(.ok, try await house.read { try Self.find(id, $0) }.json)
    }

    /// Name, scopes and origins can change; kind and key cannot.
    func update(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            var key = try Self.find(input.parameter("id"), change.db)
            let issues = FieldIssues()
            let body = FieldReader(body: input.body, issues: issues)
            if let name = body.string("name", max: 100, allowEmpty: false) { key.name = name }
            if let scopes = Self.scopes(body) { key.scopes = scopes }
            if let origins = Self.origins(body) { key.allowedOrigins = origins }
            body.ignore("id", "kind", "prefix", "created_at", "revoked_at")
            body.refuseUnknown()
            try issues.throwIfAny()
            guard key.revokedAt == nil else { throw Problem.conflict("revoked", "This key is revoked and stays so.") }
            try APIKeyStore.update(key, change.db)
            try Self.requireAdministrator(change.db)
            try change.revise(KeyRing.revision)
            return Reply(.ok, key.json)
        }
    }

    /// Revokes. What is revoked already stays as it is.
    func delete(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let reply = try await house.command(request, context) { input, change in
            var key = try Self.find(input.parameter("id"), change.db)
            if key.revokedAt == nil {
                key.revokedAt = VefaClock.machineNow
                try APIKeyStore.update(key, change.db)
                try Self.requireAdministrator(change.db)
                try change.revise(KeyRing.revision)
            }
            return .noContent()
        }
        // Once more, for whoever revokes again what this process failed to read as revoked.
        try await keys.reload(from: house)
        return reply
    }

    // MARK: - Rules

    static let administration = "platform:admin"

    private static func find(_ id: String, _ db: SQLConnection) throws -> APIKey {
        guard let key = try APIKeyStore.find(id, db) else { throw Problem.notFound("key \"\(id.prefix(64))\"") }
        return key
    }

    /// Without a key that may make keys, nobody could ever let anybody in again.
    private static func requireAdministrator(_ db: SQLConnection) throws {
        let remain = try APIKeyStore.live(db).contains { $0.key.kind == .secret && Scopes.allow($0.key.scopes, administration) }
        guard remain else {
            throw Problem.conflict("last_key", "This is the last key that may manage keys. Make another one first.")
        }
    }

    private static func scopes(_ body: FieldReader) -> [String]? {
        guard let scopes = body.strings("scopes", maxCount: 100, maxLength: 64) else { return nil }
        if scopes.isEmpty { body.fail("scopes", "empty", "at least one scope is needed; * is everything") }
        for (index, scope) in scopes.enumerated() where !Scopes.isKnown(scope) {
            body.issues.add(
                body.pointer / "scopes" / index, "unknown_scope",
                "one of \(RouteTable.scopes.joined(separator: ", ")), a family such as loyalty:*, or *")
        }
        return scopes
    }

    /// Origins as browsers send them: scheme and host, perhaps a port, and nothing after.
    private static func origins(_ body: FieldReader) -> [String]? {
        guard let origins = body.strings("allowed_origins", maxCount: 100) else { return nil }
        for (index, origin) in origins.enumerated() {
            let rest = origin.hasPrefix("https://") ? origin.dropFirst(8) : origin.hasPrefix("http://") ? origin.dropFirst(7) : ""
            if rest.isEmpty || rest.contains(where: { "/?#@ ".contains($0) }) {
                body.issues.add(body.pointer / "allowed_origins" / index, "invalid", "an origin such as https://shop.example was expected")
            }
        }
        return origins
    }
}
