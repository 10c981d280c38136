import SharedStore

/// The tables every service has: what it says (outbox), what it heard (inbox), what is due (timers), what was answered (idempotency).
enum RuntimeMigrations {
    static let all: [Migration] = [
        Migration(1, "the house") { dialect in
            [
                """
                CREATE TABLE meta (
                    name TEXT PRIMARY KEY,
                    content TEXT NOT NULL
                )
                """,
                // What this service says, in the order it was committed. The gateway's journal is this table. Where several write at once, numbers
                // given at the insert would be committed out of order: there a row is numbered after its commit (see Sequencer), and `arrived`
                // (microseconds of the server's clock) says in which order.
                """
                CREATE TABLE outbox (
                    position \(dialect.isShared ? "BIGINT" : dialect.identityColumn),
                    source TEXT NOT NULL,
                    id TEXT NOT NULL,
                    type TEXT NOT NULL,
                    customer_id TEXT,
                    occurred_at BIGINT NOT NULL,
                    stored_at BIGINT NOT NULL,
                    body TEXT NOT NULL
                    \(dialect.isShared ? ", arrived BIGINT NOT NULL DEFAULT (CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT))" : "")
                )
                """,
                dialect.isShared ? "CREATE UNIQUE INDEX outbox_position ON outbox (position)" : "",
                dialect.isShared ? "CREATE INDEX outbox_unnumbered ON outbox (arrived, id) WHERE position IS NULL" : "",
                "CREATE UNIQUE INDEX outbox_identity ON outbox (id, source)",
                "CREATE INDEX outbox_customer ON outbox (customer_id, position)",
                // How far each subscriber has come, as this side last knew.
                """
                CREATE TABLE outbox_cursors (
                    subscriber TEXT PRIMARY KEY,
                    position BIGINT NOT NULL,
                    report BIGINT NOT NULL
                )
                """,
                // What subscribers said of single events: parked or refused. Everything else that was delivered is done.
                """
                CREATE TABLE outbox_exceptions (
                    source TEXT NOT NULL,
                    id TEXT NOT NULL,
                    subscriber TEXT NOT NULL,
                    state TEXT NOT NULL,
                    code TEXT NOT NULL,
                    detail TEXT NOT NULL,
                    PRIMARY KEY (source, id, subscriber)
                )
                """,
                """
                CREATE TABLE inbox (
                    source TEXT NOT NULL,
                    id TEXT NOT NULL,
                    PRIMARY KEY (id, source)
                )\(dialect.clusteredByKey)
                """,
                """
                CREATE TABLE inbox_positions (
                    publisher TEXT PRIMARY KEY,
                    epoch TEXT NOT NULL,
                    position BIGINT NOT NULL,
                    last_position BIGINT,
                    last_source TEXT,
                    last_id TEXT
                )
                """,
                // Events that wait for another one. `arrival` keeps their order.
                """
                CREATE TABLE inbox_parked (
                    arrival \(dialect.identityColumn),
                    publisher TEXT NOT NULL,
                    source TEXT NOT NULL,
                    id TEXT NOT NULL,
                    waiting_for TEXT NOT NULL,
                    code TEXT NOT NULL,
                    detail TEXT NOT NULL,
                    body TEXT NOT NULL,
                    parked_at BIGINT NOT NULL
                )
                """,
                "CREATE INDEX inbox_parked_key ON inbox_parked (waiting_for, arrival)",
                """
                CREATE TABLE inbox_dead (
                    source TEXT NOT NULL,
                    id TEXT NOT NULL,
                    publisher TEXT NOT NULL,
                    type TEXT NOT NULL,
                    code TEXT NOT NULL,
                    detail TEXT NOT NULL,
                    body TEXT NOT NULL,
                    refused_at BIGINT NOT NULL,
                    PRIMARY KEY (source, id)
                )
                """,
                // News for a publisher of what became of single events.
                """
                CREATE TABLE inbox_reports (
                    report \(dialect.identityColumn),
                    publisher TEXT NOT NULL,
                    source TEXT NOT NULL,
                    id TEXT NOT NULL,
                    state TEXT NOT NULL,
                    code TEXT NOT NULL,
                    detail TEXT NOT NULL
                )
                """,
                "CREATE INDEX inbox_reports_publisher ON inbox_reports (publisher, report)",
                """
                CREATE TABLE timers (
                    kind TEXT NOT NULL,
                    timer_key TEXT NOT NULL,
                    due_at BIGINT NOT NULL,
                    payload TEXT NOT NULL,
                    attempt BIGINT NOT NULL,
                    lease TEXT,
                    lease_until BIGINT,
                    last_error TEXT,
                    PRIMARY KEY (kind, timer_key)
                )\(dialect.clusteredByKey)
                """,
                "CREATE INDEX timers_due ON timers (due_at)",
                """
                CREATE TABLE idempotency (
                    scope TEXT NOT NULL,
                    idempotency_key TEXT NOT NULL,
                    request_hash TEXT NOT NULL,
                    status BIGINT NOT NULL,
                    content_type TEXT NOT NULL,
                    body TEXT NOT NULL,
                    created_at BIGINT NOT NULL,
                    PRIMARY KEY (scope, idempotency_key)
                )
                """,
                "CREATE INDEX idempotency_age ON idempotency (created_at)",
            ].filter { !$0.isEmpty }
        },
        Migration(2, "replicas") { _ in
            [
                // Work that one replica does at a time, and until when it is that one's, by the database's clock.
                """
                CREATE TABLE leases (
                    name TEXT PRIMARY KEY,
                    holder TEXT NOT NULL,
                    held_until BIGINT NOT NULL
                )
                """,
                // The processes that have this store open, as far as they were heard of lately.
                """
                CREATE TABLE replicas (
                    replica TEXT PRIMARY KEY,
                    seen_until BIGINT NOT NULL,
                    clock_revision BIGINT NOT NULL
                )
                """,
                // Counts the changes of what replicas keep in memory.
                """
                CREATE TABLE revisions (
                    name TEXT PRIMARY KEY,
                    revision BIGINT NOT NULL
                )
                """,
            ]
        },
        Migration(3, "leases of timers") { _ in
            ["CREATE INDEX timers_lease ON timers (lease) WHERE lease IS NOT NULL"]
        },
    ]
}
