import HTTPTypes
import Hummingbird
import LoyaltyDomain
import NIOCore
import Shared
import SharedRuntime
import SharedStore

/// `/v1/segments`: who is meant, by rules over everything that is known of customers.
struct SegmentsController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    private let previews = SegmentPreviews()

    init(house: House, catalogues: CatalogueCache) {
        self.house = house
        self.catalogues = catalogues
    }

    /// More than anybody has use for, and few enough to be asked one by one.
    private static let most: Int64 = 200
    private static let ndjson = "application/x-ndjson"
    /// Members of one piece of a stream.
    private static let piece = 1_000

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/segments", use: list)
        router.post("/v1/segments", use: create)
        router.post("/v1/segments/preview", use: preview)
        router.get("/v1/segments/:id", use: get)
        router.put("/v1/segments/:id", use: put)
        router.delete("/v1/segments/:id", use: delete)
        router.get("/v1/segments/:id/members", use: members)
    }

    // MARK: - Reading

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let page = try request.page()
        let (records, rfm) = try await house.read { (try SegmentStore.page(page, $0), try SegmentStore.thresholds($0)) }
        return Reply(.ok, Page(records, page, key: { [.string($0.id)] }, json: { $0.json(rfm) }).json)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let id = try context.customerID("id")
        return Reply(.ok, try await house.read { try Self.answer(id, $0) })
    }

    private static func answer(_ id: String, _ db: SQLConnection) throws -> JSON { try find(id, db).json(try SegmentStore.thresholds(db)) }

    private static func find(_ id: String, _ db: SQLConnection) throws -> SegmentRecord {
        guard let record = try SegmentStore.find(id, db) else { throw Problem.notFound("such segment") }
        return record
    }

    /// A page of members or, as NDJSON, all of them, read piece by piece as they are taken.
    @Sendable private func members(_ request: Request, _ context: VefaContext) async throws -> Response {
        try context.requirePrincipal().requireServer()
        let id = try context.customerID("id")
        let accepts = request.headers[.accept] ?? ""
        guard accepts.lowercased().contains(Self.ndjson) else {
            let page = try request.page()
            let rows = try await house.read { db in
                guard try SegmentMembership.exists(id, db) else { throw Problem.notFound("such segment") }
                return try SegmentMembership.members(id, after: page.after?.first?.string ?? "", limit: page.limit + 1, db)
            }
            return Reply(.ok, Page(rows, page, key: { [.string($0.customerID)] }, json: \.json).json).response
        }
        guard try await house.read({ try SegmentMembership.exists(id, $0) }) else { throw Problem.notFound("such segment") }
        let house = house
        let body = ResponseBody { writer in
            var after = ""
            while true {
                let from = after
                let rows = try await house.read { try SegmentMembership.members(id, after: from, limit: Self.piece, $0) }
                guard let last = rows.last else { break }
                var buffer = ByteBuffer()
                for row in rows {
                    buffer.writeBytes(row.json.bytes)
                    buffer.writeInteger(UInt8(ascii: "\n"))
                }
                try await writer.write(buffer)
                after = last.customerID
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: Self.ndjson], body: body)
    }

    /// Counts who would be in a segment of this rule. Changes nothing, whence its answer is not kept.
    @Sendable private func preview(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let json = try JSON(parsing: try await request.bytes(limit: 1 << 20))
        let catalogue = try await house.read { try catalogues.current($0) }
        let issues = FieldIssues()
        let reader = FieldReader(body: json, issues: issues)
        let rule = Self.rule(reader, id: nil, catalogue.segments)
        reader.ignore("name")
        reader.refuseUnknown()
        try issues.throwIfAny()
        guard let rule else { throw Problem.internalError }
        return Reply(.ok, try await previews.run { try await SegmentScan.preview(rule, catalogues, house) })
    }

    // MARK: - Changing

    @Sendable private func create(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let catalogue = try catalogues.current(change.db)
            let (name, rule) = try Self.read(input.body, id: nil, catalogue.segments)
            guard try SegmentStore.count(change.db) < Self.most else {
                throw Problem.conflict("too_many", "There are \(Self.most) segments already.")
            }
            let id = TypeID.make("seg", at: change.now)
            try SegmentStore.insert(id, name: name, rule: rule, change)
            if rule.needs.scores { _ = try RFMKeeper.ensure(catalogue, change) }
            return .created(try Self.answer(id, change.db))
        }
    }

    /// Replaces name and rule. Another rule has everybody asked anew.
    @Sendable private func put(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let id = try input.parameter("id")
            let record = try Self.find(id, change.db)
            let catalogue = try catalogues.current(change.db)
            let (name, rule) = try Self.read(input.body, id: id, catalogue.segments)
            if name != record.name { try SegmentStore.rename(id, name, change) }
            if rule.condition.json != record.rule {
                try SegmentStore.update(id, rule: rule, change)
                if rule.needs.scores { _ = try RFMKeeper.ensure(catalogue, change) }
            }
            return Reply(.ok, try Self.answer(id, change.db))
        }
    }

    @Sendable private func delete(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let record = try Self.find(try input.parameter("id"), change.db)
            if let user = try SegmentStore.user(of: record.id, try catalogues.current(change.db), change.db) {
                throw Problem.conflict("in_use", "This segment is named by \(user).")
            }
            try SegmentStore.delete(record.id, change)
            try SegmentNews.deleted(record.id, record.name, change)
            return .noContent()
        }
    }

    private static func read(_ body: JSON, id: String?, _ segments: SegmentCatalogue) throws -> (String, SegmentRule) {
        let issues = FieldIssues()
        let reader = FieldReader(body: body, issues: issues)
        let name = reader.requiredString("name", max: 255)
        let rule = rule(reader, id: id, segments)
        reader.ignore("id", "version", "state", "progress", "members", "computed_at", "rfm", "created_at", "updated_at")
        reader.refuseUnknown()
        try issues.throwIfAny()
        guard let name, let rule else { throw Problem.internalError }
        return (name, rule)
    }

    /// The rule, which names only segments that there are, and none in a circle.
    private static func rule(_ reader: FieldReader, id: String?, _ segments: SegmentCatalogue) -> SegmentRule? {
        guard let json = reader.require("rule", reader.raw("rule")) else { return nil }
        let pointer = reader.pointer / "rule"
        guard let rule = SegmentRule.read(json, at: pointer, issues: reader.issues) else { return nil }
        for (place, test) in rule.condition.tests(at: pointer) where test.field == "segments" {
            for name in (test.value.array ?? [test.value]).compactMap(\.string) {
                if segments[name] == nil {
                    reader.issues.add(place / "value", "unknown_segment", "there is no segment \(name)")
                } else if let id, segments.isCircle(id, naming: [name]) {
                    reader.issues.add(place / "value", "circular", "a segment cannot depend on itself")
                }
            }
        }
        return rule
    }
}
