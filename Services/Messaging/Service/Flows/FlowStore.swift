import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

enum FlowState: String, Sendable, CaseIterable {
    case draft, published, paused
}

struct Flow: Sendable {
    var id: String
    var name: JSON
    var preset: String?
    var state: FlowState
    var version: Int64
    var definition: JSON
    var createdAt: Timestamp
    var updatedAt: Timestamp

    var json: JSON {
        var object = JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "name", value: name), .init(name: "preset", value: .from(preset)),
            .init(name: "state", value: .string(state.rawValue)), .init(name: "version", value: .int(version)),
        ])
        for member in definition.object?.members ?? [] { object[member.name] = member.value }
        object["created_at"] = .from(createdAt)
        object["updated_at"] = .from(updatedAt)
        return .object(object)
    }
}

/// That a version of a flow has to do with a type of event.
struct FlowInterest: Sendable {
    enum Role: String, Sendable {
        case trigger, exit
        case waitFor = "wait_for"
    }

    var role: Role
    var flowID: String
    var version: Int64
    /// Nil: the customer is the key.
    var keyPath: String?
    var memorySeconds: Int64
    var flowState: FlowState
    var currentVersion: Int64
}

enum FlowStore {
    private static let select: SQL = """
        SELECT f.id, f.name, f.preset, f.state, f.version, v.definition, f.created_at, f.updated_at
        FROM flows f JOIN flow_versions v ON v.flow_id = f.id AND v.version = f.version
        """

    static func find(_ id: String, _ db: SQLConnection) throws -> Flow? {
        try db.first(select + " WHERE f.id = \(id) AND f.deleted_at IS NULL", read)
    }

    /// By id; one row more than asked for.
    static func list(_ page: PageRequest, _ db: SQLConnection) throws -> [Flow] {
        try db.all(
            select + " WHERE f.deleted_at IS NULL AND f.id > \(page.after?.first?.string ?? "") ORDER BY f.id LIMIT \(page.limit + 1)", read
        )
    }

    /// Puts a flow with its first version into the store; an id that is taken stays as it is.
    static func insert(_ id: String, name: JSON, preset: String?, state: FlowState, _ definition: FlowDefinition, _ change: Change) throws {
        let rows = try change.db.execute(
            """
            INSERT INTO flows (id, name, preset, state, version, created_at, updated_at)
            VALUES (\(id), \(name), \(preset), \(state.rawValue), 1, \(change.now), \(change.now))
            ON CONFLICT (id) DO NOTHING
            """)
        guard rows > 0 else { return }
        try change.db.execute(
            "INSERT INTO flow_versions (flow_id, version, definition, created_at) VALUES (\(id), 1, \(definition.json), \(change.now))")
        try insertInterests(of: definition, id, version: 1, change.db)
    }

    static func setState(_ id: String, _ state: FlowState, _ change: Change) throws {
        try change.db.execute("UPDATE flows SET state = \(state.rawValue), updated_at = \(change.now) WHERE id = \(id)")
    }

    static func count(_ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT COUNT(*) FROM flows WHERE deleted_at IS NULL") { $0.int(0) } ?? 0
    }

    /// Makes the next version the present one. Runs in progress keep theirs.
    static func update(_ flow: Flow, name: JSON, _ definition: FlowDefinition, _ change: Change) throws {
        let version = flow.version + 1
        try change.db.execute(
            "INSERT INTO flow_versions (flow_id, version, definition, created_at) VALUES (\(flow.id), \(version), \(definition.json), \(change.now))"
        )
        try change.db.execute(
            "UPDATE flows SET name = \(name), version = \(version), updated_at = \(change.now) WHERE id = \(flow.id)")
        try insertInterests(of: definition, flow.id, version: version, change.db)
        try forgetInterests(change.db)
    }

    /// Its runs end, and no event begins one any more.
    static func delete(_ id: String, _ change: Change) throws {
        _ = try RunStore.endAll(ofFlow: id, change)
        try change.db.execute("UPDATE flows SET state = \(FlowState.paused.rawValue), deleted_at = \(change.now) WHERE id = \(id)")
        try change.db.execute("DELETE FROM flow_interests WHERE flow_id = \(id)")
    }

    /// The flow whose present version sends the template; nil when none does.
    static func flowSending(_ templateID: String, _ db: SQLConnection) throws -> String? {
        let flows = try db.all(select + " WHERE f.deleted_at IS NULL", read)
        return flows.first { flow in
            FlowDefinition(json: flow.definition)?.nodes.contains { $0.templateID == templateID } ?? false
        }?.id
    }

    // MARK: - Interests

    static func interests(in eventType: String, _ db: SQLConnection) throws -> [FlowInterest] {
        try db.all(
            """
            SELECT i.role, i.flow_id, i.version, i.key_path, i.memory_seconds, f.state, f.version
            FROM flow_interests i JOIN flows f ON f.id = i.flow_id
            WHERE i.event_type = \(eventType) ORDER BY i.role, i.flow_id, i.version
            """
        ) { row -> FlowInterest? in
            guard let role = FlowInterest.Role(rawValue: row.text(0)), let state = FlowState(rawValue: row.text(5)) else { return nil }
            let path = row.text(3)
            return FlowInterest(
                role: role, flowID: row.text(1), version: row.int(2), keyPath: path.isEmpty ? nil : path, memorySeconds: row.int(4),
                flowState: state,
                currentVersion: row.int(6))
        }.compactMap { $0 }
    }

    /// Earlier versions are heard for only as long as a run goes by them.
    static func forgetInterests(_ db: SQLConnection) throws {
        try db.execute(
            """
            DELETE FROM flow_interests WHERE version < (SELECT f.version FROM flows f WHERE f.id = flow_interests.flow_id)
                AND NOT EXISTS (
                    SELECT 1 FROM runs r WHERE r.flow_id = flow_interests.flow_id AND r.version = flow_interests.version AND r.state = 'waiting')
            """)
    }

    private static func insertInterests(of definition: FlowDefinition, _ id: String, version: Int64, _ db: SQLConnection) throws {
        func insert(_ event: String, _ role: FlowInterest.Role, _ path: String?, _ memory: Int64 = 0) throws {
            try db.execute(
                """
                INSERT INTO flow_interests (event_type, role, flow_id, version, key_path, memory_seconds)
                VALUES (\(event), \(role.rawValue), \(id), \(version), \(path ?? ""), \(memory))
                ON CONFLICT (event_type, role, flow_id, version, key_path) DO UPDATE SET
                    memory_seconds = CASE WHEN excluded.memory_seconds > flow_interests.memory_seconds
                        THEN excluded.memory_seconds ELSE flow_interests.memory_seconds END
                """)
        }
        for event in definition.trigger.events { try insert(event, .trigger, definition.trigger.key) }
        for exit in definition.exits { try insert(exit.event, .exit, definition.trigger.key) }
        for node in definition.nodes {
            guard case .waitFor(let wait) = node.kind else { continue }
            try insert(wait.event, .waitFor, wait.key, definition.memorySeconds(of: wait, at: node.id))
        }
    }

    private static func read(_ row: SQLRow) -> Flow {
        Flow(
            id: row.text(0), name: row.json(1), preset: row.textOrNil(2), state: FlowState(rawValue: row.text(3)) ?? .paused,
            version: row.int(4),
            definition: row.json(5), createdAt: row.time(6), updatedAt: row.time(7))
    }
}
