import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime

/// `/v1/customers`: the shoppers themselves.
struct CustomersController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/customers", use: list)
        router.get("/v1/customers/:id", use: get)
        router.put("/v1/customers/:id", use: put)
        router.delete("/v1/customers/:id", use: delete)
        router.post("/v1/customers/:id/merge", use: merge)
    }

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let page = try request.page()
        let query = request.query("query")
        if let query, query.utf8.count > 320 { throw Problem.invalid("?query", "too_long", "at most 320 bytes") }
        let rows = try await house.read { try CustomerStore.list(query: query, page: page, $0) }
        return Reply(.ok, Page(rows, page, key: { [.string($0.customer.id)] }, json: \.json).json)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.customerID("id")
        try context.requirePrincipal().requireServer(orCustomer: id)
        let record = try await house.read { try CustomerStore.find(id, $0) }
        guard let record, record.customer.deletedAt == nil else { throw Problem.notFound("such customer") }
        return Reply(.ok, record.json)
    }

    /// Creates or updates. What is left out stays, `null` clears. The others hear of it as `customer.updated`.
    @Sendable private func put(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let id = try input.parameter("id")
            guard !id.isEmpty, id.utf8.count <= CloudEvent.maximumTextLength else {
                throw Problem.invalid("id", "too_long", "at most 255 bytes")
            }
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let data = CustomerData(reader)
            if let named = data.id, named != id { reader.fail("id", "conflict", "the path names another customer") }
            if let email = data.email, EmailKey.make(email) == nil {
                reader.fail("email", "invalid_email", "an e-mail address was expected")
            }
            reader.ignore("guest", "created_at", "updated_at")
            reader.refuseUnknown()
            try issues.throwIfAny()
            let cleared = reader.object.members.filter { $0.value.isNull }.map(\.name)
            let (record, isNew) = try Persons.described(id, data, cleared: cleared, at: change.now, change)
            // Somebody else's, where this one was merged into them.
            let customerID = record.customer.id
            try Aftermath(catalogues: catalogues).follow(customerID, [.profile], change)
            var said = record.customer.data.json.object ?? JSONObject()
            for name in cleared where said[name] == nil { said[name] = .null }
            try change.emit("customer.updated", subject: customerID, data: ["customer": .object(said)])
            return Reply(isNew ? .created : .ok, record.json)
        }
    }

    @Sendable private func delete(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let id = try input.parameter("id")
            guard try Persons.deleted(id, at: change.now, change) else { throw Problem.notFound("such customer") }
            try change.emit("customer.deleted", subject: id, data: ["customer": ["id": .string(id)]])
            return .noContent()
        }
    }

    /// Makes one customer out of two; answers the one they are then. Asked again it changes nothing. The others hear of it as `customers.merged`.
    @Sendable private func merge(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let id = try input.parameter("id")
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let intoID = reader.requiredString("into_id", max: CloudEvent.maximumTextLength)
            reader.refuseUnknown()
            if intoID == id { reader.fail("into_id", "conflict", "two different customers are needed") }
            try issues.throwIfAny()
            guard let intoID, let from = try CustomerStore.find(id, change.db), from.customer.deletedAt == nil else {
                throw Problem.notFound("such customer")
            }
            guard let into = try CustomerStore.find(intoID, change.db), into.customer.deletedAt == nil else {
                throw Problem.invalid("/into_id", "unknown_customer", "there is no such customer")
            }
            guard from.customer.id != into.customer.id, let united = try CustomerMerging(change).merge(id, into: intoID, at: change.now) else {
                return Reply(.ok, into.json)
            }
            try change.emit(
                "customers.merged", subject: united.customer.id,
                data: ["from_id": .string(from.customer.id), "into_id": .string(united.customer.id)])
            return Reply(.ok, united.json)
        }
    }
}
