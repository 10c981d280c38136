import Shared
import SharedRuntime
import SharedStore

/// A copy of the five stores, as far as it is known.
struct Backup: Sendable, Equatable {
    enum State: String, Sendable {
        case running, complete, incomplete
    }

    let id: String
    let beganAt: Timestamp
    var endedAt: Timestamp?
    var parts: [BackupPart]
    /// While it runs: until when whoever writes it is believed to live, by machine time.
    var believedUntil: Timestamp

    var state: State {
        guard endedAt != nil else { return .running }
        return parts.allSatisfy { $0.state == .done } ? .complete : .incomplete
    }

    static func begin(_ services: [ServiceName], at now: Timestamp) -> Backup {
        Backup(
            id: TypeID.make(BackupDesk.prefix, at: now), beganAt: now, endedAt: nil,
            parts: services.map { BackupPart(service: $0.rawValue, state: .running) }, believedUntil: now.adding(milliseconds: belief))
    }

    /// Whoever writes a backup says three times as often that it still does.
    static let belief: Int64 = 60_000

    /// As it is now: one whose writer died has failed in what was still running.
    func seen(at now: Timestamp) -> Backup {
        guard endedAt == nil, believedUntil < now else { return self }
        var backup = self
        backup.endedAt = believedUntil
        backup.parts = parts.map { $0.state == .running ? .failed($0.service, "interrupted", "The gateway ended meanwhile.") : $0 }
        return backup
    }

    var json: JSON {
        [
            "id": .string(id), "state": .string(state.rawValue), "began_at": .string(beganAt.rfc3339),
            "ended_at": .from(endedAt?.rfc3339), "services": .array(parts.map(\.json)),
        ]
    }

    /// What a caller hears of one that is not whole: every store that is missing, and why.
    var problem: Problem {
        let missing = parts.enumerated().filter { $0.element.state != .done }
        return Problem(
            503, "backup_incomplete", "Not every store was copied",
            detail: "There is no copy of \(missing.map(\.element.service).joined(separator: ", ")) in \(id).",
            errors: missing.map { index, part in
                FieldIssue(
                    pointer: "/services/\(index)", code: part.code ?? "failed", detail: "\(part.service): \(part.detail ?? "not copied")")
            }, retryAfter: 10, extensions: JSONObject([.init(name: "backup", value: json)]))
    }
}

/// The gateway's memory of the last backups, in its store: every replica tells the same.
enum BackupStore {
    /// Older ones are forgotten; their files stay.
    private static let kept = 20
    private static let name = "backups"

    static func all(_ db: SQLConnection) throws -> [Backup] {
        let json = try db.first("SELECT content FROM meta WHERE name = \(name)") { $0.json(0) } ?? .null
        return (json.array ?? []).compactMap(read)
    }

    /// Puts it first, in the place of its earlier state.
    static func keep(_ backup: Backup, _ db: SQLConnection) throws {
        let others = try all(db).filter { $0.id != backup.id }
        let content = JSON.array(([backup] + others).prefix(kept).map(write))
        try db.execute(
            """
            INSERT INTO meta (name, content) VALUES (\(name), \(content))
            ON CONFLICT (name) DO UPDATE SET content = excluded.content
            """)
    }

    private static func write(_ backup: Backup) -> JSON {
        [
            "id": .string(backup.id), "began": .int(backup.beganAt.milliseconds), "ended": .from(backup.endedAt?.milliseconds),
            "until": .int(backup.believedUntil.milliseconds), "parts": .array(backup.parts.map(\.json)),
        ]
    }

    private static func read(_ json: JSON) -> Backup? {
        guard let id = json["id"]?.string, let began = json["began"]?.int, let until = json["until"]?.int else { return nil }
        return Backup(
            id: id, beganAt: Timestamp(milliseconds: began), endedAt: json["ended"]?.int.map(Timestamp.init(milliseconds:)),
            parts: json["parts"]?.array?.compactMap(BackupPart.init) ?? [], believedUntil: Timestamp(milliseconds: until))
    }
}
