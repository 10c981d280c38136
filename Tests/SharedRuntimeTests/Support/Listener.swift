import Shared
import SharedRuntime
import SharedStore

/// A service that writes down what it hears, and does with an event what its data asks for:
/// `{"refuse": "code"}`, `{"wait": "key"}` until the key is there, `{"key": "key"}` (there from now on), `{"fail": true}`.
struct Listener: Sendable {
    let definition: ServiceDefinition
    /// While true every event is an outage of the store.
    let isOut = Shelf(false)

    struct Failure: Error {}

    init(_ name: ServiceName) {
        var events = EventHandlers()
        events.on("*") { [isOut] event, change in
            if isOut.value { throw StoreError.busy }
            if let code = event.data["refuse"]?.string {
                // Undone with the rest of it.
                try change.db.execute("INSERT INTO heard (id, type) VALUES (\("undone " + event.id), \(event.type))")
                throw EventRefusal(code, "asked for")
            }
            if event.data["fail"] == true { throw Failure() }
            if let key = event.data["wait"]?.string, try !change.db.exists("SELECT 1 FROM keys WHERE name = \(key)") {
                throw EventParked(waitingFor: key, code: "too_early", detail: "\(key) is not there")
            }
            try change.db.execute("INSERT INTO heard (id, type) VALUES (\(event.id), \(event.type))")
            if let key = event.data["key"]?.string {
                try change.db.execute("INSERT INTO keys (name) VALUES (\(key)) ON CONFLICT (name) DO NOTHING")
                try change.release(key)
            }
        }
        definition = ServiceDefinition(
            name: name,
            migrations: [
                Migration(1, "heard") { dialect in
                    [
                        "CREATE TABLE heard (number \(dialect.identityColumn), id TEXT NOT NULL, type TEXT NOT NULL)",
                        "CREATE TABLE keys (name TEXT PRIMARY KEY)",
                    ]
                }
            ],
            events: events, routes: { _, _ in })
    }
}

extension House {
    /// The ids of what a listener heard, in its order.
    func heard() async throws -> [String] {
        try await read { try $0.all("SELECT id FROM heard ORDER BY number") { $0.text(0) } }
    }

    func deadLetters() async throws -> [String: String] {
        let rows = try await read { try $0.all("SELECT id, code FROM inbox_dead") { ($0.text(0), $0.text(1)) } }
        return Dictionary(rows, uniquingKeysWith: { $1 })
    }
}

func ids(_ prefix: String, _ range: ClosedRange<Int>) -> [String] { range.map { "\(prefix)\($0)" } }
