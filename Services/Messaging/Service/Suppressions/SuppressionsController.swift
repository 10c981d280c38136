import Hummingbird
import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// CRUD `/v1/suppressions`. One is found by its id and by its address.
struct SuppressionsController {
    let house: House

    func add(to router: Router<VefaContext>) {
        router.get("/v1/suppressions", use: list)
        router.post("/v1/suppressions", use: create)
        router.get("/v1/suppressions/:id", use: show)
        router.put("/v1/suppressions/:id", use: update)
        router.delete("/v1/suppressions/:id", use: remove)
    }

    @Sendable func list(_ request: Request, context: VefaContext) async throws -> Reply {
        let page = try request.page()
        let rows = try await house.read { db in try SuppressionStore.list(page, db) }
        return Reply(.ok, Page(rows, page, key: { [.int($0.createdAt.milliseconds), .string($0.id)] }, json: \.json).json)
    }

    @Sendable func create(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let address = reader.requiredString("address", max: CustomerData.maximumEmail)
            let reason = reader.string("reason", max: 255, allowEmpty: false) ?? Suppression.manual
            let detail = reader.string("detail", max: 1_024)
            reader.refuseUnknown()
            if let address, !EmailAddress.isDeliverable(address) { reader.fail("address", "invalid", "not an e-mail address") }
            try issues.throwIfAny()
            let suppression = Suppression(
                id: TypeID.make("sup", at: change.now), address: address ?? "", reason: reason, detail: detail, createdAt: change.now,
                updatedAt: change.now)
            guard try SuppressionStore.add(suppression, change) else {
                throw Problem.conflict("already_suppressed", "This address is suppressed already.")
            }
            return .created(suppression.json)
        }
    }

    @Sendable func show(_ request: Request, context: VefaContext) async throws -> Reply {
        let name = try context.parameter("id")
        return Reply(.ok, try await house.read { db in try Self.require(name, db).json })
    }

    @Sendable func update(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            var suppression = try Self.require(try input.parameter("id"), change.db)
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            reader.ignore("id", "address", "message_id", "created_at", "updated_at")
            let reason = reader.requiredString("reason", max: 255)
            let detail = reader.string("detail", max: 1_024)
            reader.refuseUnknown()
            try issues.throwIfAny()
            suppression.reason = reason ?? suppression.reason
            suppression.detail = detail
            suppression.updatedAt = change.now
            try SuppressionStore.update(suppression, change)
            return Reply(.ok, suppression.json)
        }
    }

    @Sendable func remove(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let suppression = try Self.require(try input.parameter("id"), change.db)
            try change.db.execute("DELETE FROM suppressions WHERE id = \(suppression.id)")
            return .noContent()
        }
    }

    private static func require(_ name: String, _ db: SQLConnection) throws -> Suppression {
        guard let suppression = try SuppressionStore.find(name, db) else { throw Problem.notFound("suppression \"\(name)\"") }
        return suppression
    }
}
