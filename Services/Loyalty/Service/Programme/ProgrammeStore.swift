import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// The programme's settings in the store, every version kept.
enum ProgrammeStore {
    /// What a fresh suite has: the programme as api.md describes it, and one rule. Does nothing where there is a programme already.
    static func prepare(_ house: House) async throws {
        try await house.write { change in
            guard try !change.db.exists("SELECT 1 FROM loyalty_state WHERE state_id = 1") else { return }
            try change.db.execute(
                """
                INSERT INTO loyalty_state (state_id, config, token, programme_version, currency)
                VALUES (1, 1, \(TypeID.make("cfg", at: change.now)), 1, NULL)
                """)
            try insert(.fresh, version: 1, change)
            let rule = EarningRule(
                id: TypeID.make("rule", at: change.now), version: 1, name: "1 point per 1.00 spent", trigger: EarningRule.paid,
                award: .perAmount(points: 1, amount: 100, scale: 2))
            try DefinitionStore.insert(rule, liveFrom: 1, createdAt: change.now, change)
        }
    }

    static func programme(version: Int64, currency: String?, _ db: SQLConnection) throws -> Programme {
        let definition = try db.first("SELECT definition FROM programme_versions WHERE version = \(version)") { $0.json(0) }
        var programme = Programme.fresh.changed(
            by: FieldReader(body: definition ?? .null, issues: FieldIssues(), strict: false), isZone: { _ in true })
        programme.currency = currency.flatMap(Currency.init)
        return programme
    }

    /// The present programme, for whoever has no catalogue at hand.
    static func present(_ db: SQLConnection) throws -> Programme {
        let head = try db.first("SELECT programme_version, currency FROM loyalty_state WHERE state_id = 1") { ($0.int(0), $0.textOrNil(1)) }
        return try programme(version: head?.0 ?? 0, currency: head?.1, db)
    }

    /// The programme as the API answers it.
    static func json(_ catalogue: Catalogue, _ db: SQLConnection) throws -> JSON {
        let version = catalogue.programmeVersion
        let updatedAt = try db.first("SELECT created_at FROM programme_versions WHERE version = \(version)") { $0.time(0) }
        var object = catalogue.programme.json
        object["version"] = .int(version)
        object["updated_at"] = .from(updatedAt)
        return .object(object)
    }

    /// Puts a new version in force.
    static func replace(_ programme: Programme, after catalogue: Catalogue, _ change: Change) throws {
        let version = catalogue.programmeVersion + 1
        try insert(programme, version: version, change)
        try change.db.execute(
            "UPDATE loyalty_state SET programme_version = \(version), currency = \(programme.currency?.code) WHERE state_id = 1")
        _ = try nextConfig(after: catalogue, change)
        if programme.currency != catalogue.programme.currency { try SegmentStore.currencyChanged(catalogue, change) }
    }

    /// Begins a new configuration and answers its number.
    static func nextConfig(after catalogue: Catalogue, _ change: Change) throws -> Int64 {
        let config = catalogue.config + 1
        try change.db.execute(
            "UPDATE loyalty_state SET config = \(config), token = \(TypeID.make("cfg", at: change.now)) WHERE state_id = 1")
        return config
    }

    private static func insert(_ programme: Programme, version: Int64, _ change: Change) throws {
        try change.db.execute(
            "INSERT INTO programme_versions (version, definition, created_at) VALUES (\(version), \(JSON.object(programme.json)), \(change.now))"
        )
    }
}
