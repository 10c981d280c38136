import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// A programme as it is kept. What was deleted stays for the referrals that were made on it.
struct ProgrammeRow: Sendable {
    var programme: ReferralProgramme
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var deletedAt: Timestamp?

    var id: String { programme.id }

    /// Whether somebody can be referred at this moment.
    func isOpen(at time: Timestamp) -> Bool { deletedAt == nil && programme.isOpen(at: time) }

    var json: JSON {
        var object = JSONObject([.init(name: "id", value: .string(id))])
        for member in programme.json.members { object.members.append(member) }
        object["created_at"] = .from(createdAt)
        object["updated_at"] = .from(updatedAt)
        return .object(object)
    }
}

enum ProgrammeStore {
    private static let columns: SQL = "id, definition, created_at, updated_at, deleted_at"

    /// The ones deleted too.
    static func find(_ id: String, _ db: SQLConnection) throws -> ProgrammeRow? {
        try db.first("SELECT \(columns) FROM programmes WHERE id = \(id)", read) ?? nil
    }

    /// The one that is meant where none is named: the oldest that takes somebody now, else the oldest.
    static func standard(at now: Timestamp, _ db: SQLConnection) throws -> ProgrammeRow? {
        let rows = try db.all("SELECT \(columns) FROM programmes WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT 200", read)
            .compactMap { $0 }
        return rows.first { $0.isOpen(at: now) } ?? rows.first
    }

    static func count(_ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT COUNT(*) FROM programmes WHERE deleted_at IS NULL") { $0.int(0) } ?? 0
    }

    /// By age; one row more than the page's limit.
    static func rows(_ page: PageRequest, _ db: SQLConnection) throws -> [ProgrammeRow] {
        let time = page.after?.first?.int ?? .min
        let id = page.after?.last?.string ?? ""
        return try db.all(
            """
            SELECT \(columns) FROM programmes WHERE deleted_at IS NULL AND (created_at > \(time) OR (created_at = \(time) AND id > \(id)))
            ORDER BY created_at, id LIMIT \(page.limit + 1)
            """, read
        ).compactMap { $0 }
    }

    static func put(_ row: ProgrammeRow, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO programmes (id, definition, created_at, updated_at, deleted_at)
            VALUES (\(row.id), \(JSON.object(row.programme.json)), \(row.createdAt), \(row.updatedAt), \(row.deletedAt))
            ON CONFLICT (id) DO UPDATE SET definition = excluded.definition, updated_at = excluded.updated_at, deleted_at = excluded.deleted_at
            """)
    }

    private static func read(_ row: SQLRow) -> ProgrammeRow? {
        let reader = FieldReader(body: row.json(1), issues: FieldIssues(), strict: false)
        return ReferralProgramme(reader, id: row.text(0)).map {
            ProgrammeRow(programme: $0, createdAt: row.time(2), updatedAt: row.time(3), deletedAt: row.timeOrNil(4))
        }
    }

    /// A suite that never had a programme gets the standard one.
    static func prepare(_ house: House) async throws {
        guard try await !house.read({ try $0.exists("SELECT 1 FROM programmes LIMIT 1") }) else { return }
        try await house.write { change in
            guard try !change.db.exists("SELECT 1 FROM programmes LIMIT 1") else { return }
            let programme = ReferralProgramme.standard(id: TypeID.make("program", at: change.now))
            try put(ProgrammeRow(programme: programme, createdAt: change.now, updatedAt: change.now), change.db)
        }
    }
}
