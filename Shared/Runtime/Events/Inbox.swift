import Logging
import Shared
import SharedStore

/// Applies what other services say: once, in order, in the transaction that also remembers that it did.
public final class Inbox: Sendable {
    private let service: ServiceName
    private let handlers: EventHandlers
    private let logger: Logger

    init(service: ServiceName, handlers: EventHandlers, logger: Logger) {
        self.service = service
        self.handlers = handlers
        self.logger = logger
    }

    /// Where a publisher's events stand here.
    struct Standing: Sendable {
        /// Everything up to here was heard; 0 when nothing was in this epoch.
        var position: Int64
        /// The last event heard in this epoch.
        var last: Wire.LastEvent?
        /// The number of the last report written for the publisher; 0 when there is none.
        var report: Int64
    }

    enum Outcome: Sendable {
        case applied(position: Int64, reports: [DeliveryReport])
        /// The publisher is ahead of what this store knows (it was restored): go back to `position`.
        case rewind(Standing)
    }

    /// Applies one batch. A refusal or a parking concerns one event; an outage of the store undoes the whole batch and is thrown.
    func apply(_ batch: Wire.Batch, _ change: Change) throws -> Outcome {
        let publisher = batch.publisher.rawValue
        let standing = try standing(of: batch.publisher, epoch: batch.epoch, change.db)
        let known = standing.position
        if batch.from > known { return .rewind(standing) }
        let quarantine = Set(batch.quarantine)
        for (position, json) in batch.events where position > known {
            if quarantine.contains(position) {
                try bury(json, EventRefusal("crashed_consumer", "applying it ended the process twice"), publisher, change)
            } else {
                try apply(json, publisher, change)
            }
            if !change.released.isEmpty { try applyReleased(change) }
        }
        if batch.to > known {
            let last = batch.lastEvent ?? standing.last
            try change.db.execute(
                """
                INSERT INTO inbox_positions (publisher, epoch, position, last_position, last_source, last_id)
                VALUES (\(publisher), \(batch.epoch), \(batch.to), \(last?.position), \(last?.source), \(last?.id))
                ON CONFLICT (publisher) DO UPDATE SET epoch = excluded.epoch, position = excluded.position,
                    last_position = excluded.last_position, last_source = excluded.last_source, last_id = excluded.last_id
                """)
        }
        let reports = try change.db.all(
            """
            SELECT report, source, id, state, code, detail FROM inbox_reports
            WHERE publisher = \(publisher) AND report > \(batch.reportsAfter) ORDER BY report LIMIT 1000
            """
        ) { row in
            DeliveryReport(
                number: row.int(0), source: row.text(1), id: row.text(2), state: row.text(3), code: row.text(4), detail: row.text(5))
        }
        return .applied(position: max(batch.to, known), reports: reports)
    }

    func standing(of publisher: ServiceName, epoch: String, _ db: SQLConnection) throws -> Standing {
        let name = publisher.rawValue
        let report = try db.first("SELECT COALESCE(MAX(report), 0) FROM inbox_reports WHERE publisher = \(name)") { $0.int(0) } ?? 0
        let found = try db.first(
            "SELECT position, last_position, last_source, last_id FROM inbox_positions WHERE publisher = \(name) AND epoch = \(epoch)"
        ) { row in
            let last = row.intOrNil(1).map { Wire.LastEvent(position: $0, source: row.text(2), id: row.text(3)) }
            return Standing(position: row.int(0), last: last, report: report)
        }
        return found ?? Standing(position: 0, last: nil, report: report)
    }

    // MARK: - One event

    private func apply(_ json: JSON, _ publisher: String, _ change: Change) throws {
        // What a publisher kept was checked there; here only the envelope is needed, and a broken one must not stop the line.
        guard let event = CloudEvent(stored: json) else {
            return try bury(json, EventRefusal("unreadable", "not a CloudEvent"), publisher, change)
        }
        do {
            try change.attempt {
                guard try remember(event, change) else { return }
                try handlers.apply(event, change)
            }
        } catch let parked as EventParked {
            _ = try remember(event, change)
            try change.db.execute(
                """
                INSERT INTO inbox_parked (publisher, source, id, waiting_for, code, detail, body, parked_at)
                VALUES (\(publisher), \(event.source), \(event.id), \(parked.key), \(parked.code), \(parked.detail), \(json.text), \(change.now))
                """)
            try report(event, "parked", parked.code, parked.detail, publisher, change)
        } catch let outage as StoreError where outage.isOutage {
            throw outage
        } catch {
            try bury(json, Self.refusal(error), publisher, change)
        }
    }

    /// False when the event was heard before.
    private func remember(_ event: CloudEvent, _ change: Change) throws -> Bool {
        try change.db.execute("INSERT INTO inbox (source, id) VALUES (\(event.source), \(event.id)) ON CONFLICT (id, source) DO NOTHING") > 0
    }

    private func bury(_ json: JSON, _ refusal: EventRefusal, _ publisher: String, _ change: Change) throws {
        let source = json["source"]?.string ?? ""
        let id = json["id"]?.string ?? ""
        let type = json["type"]?.string ?? ""
        change.remarks.append(("event refused", ["event": id, "type": type, "code": refusal.code, "detail": refusal.detail]))
        try change.db.execute("INSERT INTO inbox (source, id) VALUES (\(source), \(id)) ON CONFLICT (id, source) DO NOTHING")
        try change.db.execute(
            """
            INSERT INTO inbox_dead (source, id, publisher, type, code, detail, body, refused_at)
            VALUES (\(source), \(id), \(publisher), \(type), \(refusal.code), \(refusal.detail), \(json.text), \(change.now))
            ON CONFLICT (source, id) DO UPDATE SET code = excluded.code, detail = excluded.detail, refused_at = excluded.refused_at
            """)
        try report(source: source, id: id, "refused", refusal.code, refusal.detail, publisher, change)
    }

    private func report(_ event: CloudEvent, _ state: String, _ code: String, _ detail: String, _ publisher: String, _ change: Change) throws {
        try report(source: event.source, id: event.id, state, code, detail, publisher, change)
    }

    /// News for the publisher. Its number comes from a row, which only one transaction at a time can count on: the publisher remembers the last number
    /// it heard, so none may be committed after a higher one.
    private func report(
        source: String, id: String, _ state: String, _ code: String, _ detail: String, _ publisher: String, _ change: Change
    ) throws {
        let number = try change.db.first(
            """
            INSERT INTO revisions (name, revision) VALUES ('inbox reports', (SELECT COALESCE(MAX(report), 0) + 1 FROM inbox_reports))
            ON CONFLICT (name) DO UPDATE SET revision = revisions.revision + 1 RETURNING revision
            """
        ) { $0.int(0) }
        try change.db.execute(
            """
            INSERT INTO inbox_reports (report, publisher, source, id, state, code, detail)
            VALUES (\(number), \(publisher), \(source), \(id), \(state), \(code), \(detail))
            """)
    }

    // MARK: - Parked events

    private struct Waiting {
        var arrival: Int64
        var publisher: String
        var key: String
        var code: String
        var body: JSON
    }

    private static let page = 200

    /// Applies what waited for the keys that were released, and for keys that those release in turn.
    func applyReleased(_ change: Change) throws {
        while !change.released.isEmpty {
            let key = change.released.removeFirst()
            var after: Int64 = 0
            while true {
                let waiting = try change.db.all(
                    """
                    SELECT arrival, publisher, waiting_for, code, body FROM inbox_parked
                    WHERE waiting_for = \(key) AND arrival > \(after) ORDER BY arrival LIMIT \(Self.page)
                    """
                ) { Waiting(arrival: $0.int(0), publisher: $0.text(1), key: $0.text(2), code: $0.text(3), body: $0.json(4)) }
                for item in waiting { try applyWaiting(item, change) }
                guard waiting.count == Self.page, let last = waiting.last else { break }
                after = last.arrival
            }
        }
    }

    private func applyWaiting(_ item: Waiting, _ change: Change) throws {
        guard let event = CloudEvent(stored: item.body) else {
            try change.db.execute("DELETE FROM inbox_parked WHERE arrival = \(item.arrival)")
            return try bury(item.body, EventRefusal("unreadable", "not a CloudEvent"), item.publisher, change)
        }
        do {
            try change.attempt {
                // First, so that what this event releases cannot come back to it.
                try change.db.execute("DELETE FROM inbox_parked WHERE arrival = \(item.arrival)")
                try handlers.apply(event, change)
            }
            try report(event, "done", "", "", item.publisher, change)
        } catch let parked as EventParked {
            // Still waiting, perhaps for something else; it keeps its place in the line.
            try change.db.execute(
                """
                UPDATE inbox_parked SET waiting_for = \(parked.key), code = \(parked.code), detail = \(parked.detail)
                WHERE arrival = \(item.arrival)
                """)
            if parked.key != item.key || parked.code != item.code {
                try report(event, "parked", parked.code, parked.detail, item.publisher, change)
            }
        } catch let outage as StoreError where outage.isOutage {
            throw outage
        } catch {
            try change.db.execute("DELETE FROM inbox_parked WHERE arrival = \(item.arrival)")
            try bury(item.body, Self.refusal(error), item.publisher, change)
        }
    }

    private static func refusal(_ error: any Error) -> EventRefusal {
        switch error {
        case let refusal as EventRefusal: refusal
        case let problem as Problem: EventRefusal(problem.code, problem.detail ?? problem.title)
        default: EventRefusal("failed", "\(error)")
        }
    }
}

extension CloudEvent {
    /// Reads an event that was checked when it was taken in; nil when even the envelope is not one.
    public init?(stored json: JSON) {
        guard let id = json["id"]?.string, let source = json["source"]?.string, let type = json["type"]?.string,
            let time = json["time"]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        self.init(id: id, source: source, type: type, time: time, subject: json["subject"]?.string, data: json["data"] ?? .object(JSONObject()))
    }
}
