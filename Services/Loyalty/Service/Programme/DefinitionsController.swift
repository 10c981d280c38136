import HTTPTypes
import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What a kind of definition adds to being listed, made, replaced and ended.
struct DefinitionHooks<Item: Definition>: Sendable {
    /// Notes what contradicts the rest of the programme; `present` is the version that `item` replaces.
    var check: @Sendable (_ item: Item, _ present: Item?, _ catalogue: Catalogue, _ db: SQLConnection, _ reader: FieldReader) throws -> Void = {
        _, _, _, _, _ in
    }
    /// What follows in the same transaction: nil before for a new one, nil after for an ended one. `catalogue` is the one before the change.
    var changed: @Sendable (_ before: Item?, _ after: Item?, _ catalogue: Catalogue, _ change: Change) throws -> Void = { _, _, _, _ in }
    /// What an answer says beside the definition (what is left of a stock).
    var answer: @Sendable (_ json: JSON, _ db: SQLConnection) throws -> JSON = { json, _ in json }
}

/// `/v1/loyalty/<what a merchant defines>`. A change makes a new version; what happened before stays as it happened.
struct DefinitionsController<Item: Definition>: Sendable {
    let house: House
    let catalogues: CatalogueCache
    let path: String
    var hooks = DefinitionHooks<Item>()

    /// More than anybody has use for, and few enough to be asked one by one.
    private static var most: Int64 { 200 }

    func addRoutes(to router: Router<VefaContext>) {
        router.get(RouterPath(path), use: list)
        router.post(RouterPath(path), use: create)
        router.get(RouterPath("\(path)/:id"), use: get)
        router.put(RouterPath("\(path)/:id"), use: put)
        router.delete(RouterPath("\(path)/:id"), use: delete)
    }

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let page = try request.page()
        let hooks = hooks
        let rows = try await house.read { db in
            try DefinitionStore.rows(Item.kind, page, db).map { (id: $0.id, json: try hooks.answer($0.json, db)) }
        }
        return Reply(.ok, Page(rows, page, key: { [.string($0.id)] }, json: \.json).json)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let id = try context.customerID("id")
        return Reply(.ok, try await house.read { try answer(id, $0) })
    }

    @Sendable private func create(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            .created(try answer(try make(input.body, change).id, change.db))
        }
    }

    /// Makes a definition from what a call, or a preset, says.
    @discardableResult
    func make(_ body: JSON, _ change: Change) throws -> Item {
        let catalogue = try catalogues.current(change.db)
        let item = try read(body, id: TypeID.make(Item.idPrefix, at: change.now), version: 1, nil, catalogue, change.db)
        let count = try change.db.first("SELECT COUNT(*) FROM definitions WHERE kind = \(Item.kind) AND live_until IS NULL") { $0.int(0) }
        guard count ?? 0 < Self.most else { throw Problem.conflict("too_many", "There are \(Self.most) of them already.") }
        let config = try ProgrammeStore.nextConfig(after: catalogue, change)
        try DefinitionStore.insert(item, liveFrom: config, createdAt: change.now, change)
        try hooks.changed(nil, item, catalogue, change)
        return item
    }

    /// Replaces it.
    @Sendable private func put(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let id = try input.parameter("id")
            try replace(id, input.body, change)
            return Reply(.ok, try answer(id, change.db))
        }
    }

    /// Makes a definition's next version from what a call, or a preset, says.
    @discardableResult
    func replace(_ id: String, _ body: JSON, _ change: Change) throws -> Item {
        let (row, present) = try present(id, change.db)
        let catalogue = try catalogues.current(change.db)
        let item = try read(body, id: id, version: row.version + 1, present, catalogue, change.db)
        let config = try ProgrammeStore.nextConfig(after: catalogue, change)
        try DefinitionStore.end(Item.kind, id, from: config, change.db)
        try DefinitionStore.insert(item, liveFrom: config, createdAt: row.createdAt, change)
        try hooks.changed(present, item, catalogue, change)
        return item
    }

    /// Ends it. What it gave stays, and refunds still reckon by it.
    @Sendable private func delete(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            try end(try input.parameter("id"), change)
            return .noContent()
        }
    }

    func end(_ id: String, _ change: Change) throws {
        let (_, present) = try present(id, change.db)
        let catalogue = try catalogues.current(change.db)
        let config = try ProgrammeStore.nextConfig(after: catalogue, change)
        try DefinitionStore.end(Item.kind, id, from: config, change.db)
        try hooks.changed(present, nil, catalogue, change)
    }

    // MARK: - Reading

    private func answer(_ id: String, _ db: SQLConnection) throws -> JSON {
        guard let row = try DefinitionStore.row(Item.kind, id, db) else { throw Problem.notFound("such \(Item.noun)") }
        return try hooks.answer(row.json, db)
    }

    private func present(_ id: String, _ db: SQLConnection) throws -> (DefinitionStore.Row, Item?) {
        guard let row = try DefinitionStore.row(Item.kind, id, db) else { throw Problem.notFound("such \(Item.noun)") }
        return (row, try DefinitionStore.find(Item.self, id, version: row.version, db))
    }

    private func read(
        _ body: JSON, id: String, version: Int64, _ present: Item?, _ catalogue: Catalogue, _ db: SQLConnection
    ) throws -> Item {
        let issues = FieldIssues()
        let reader = FieldReader(body: body, issues: issues)
        let item = Item(reader, id: id, version: version)
        try issues.throwIfAny()
        guard let item else { throw Problem.invalid("", "invalid", "this is no \(Item.noun)") }
        try hooks.check(item, present, catalogue, db, reader)
        try issues.throwIfAny()
        return item
    }
}
