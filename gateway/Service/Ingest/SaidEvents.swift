import Shared
import SharedRuntime

/// What the services say, kept for the customer's timeline.
enum SaidEvents {
    static var handlers: EventHandlers {
        var handlers = EventHandlers()
        handlers.on("*") { event, change in try keep(event, change) }
        return handlers
    }

    private static func keep(_ event: CloudEvent, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO said_events (source, id, type, customer_id, occurred_at, body)
            VALUES (\(event.source), \(event.id), \(event.type), \(event.person), \(event.time), \(event.json.text))
            ON CONFLICT (id, source) DO NOTHING
            """)
    }
}
