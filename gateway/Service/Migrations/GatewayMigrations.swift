import SharedStore

/// The gateway's own tables. Its journal is the outbox, which every service has.
enum GatewayMigrations {
    static let all: [Migration] = [
        Migration(1, "keys, connectors, what the services said") { dialect in
            [
                // `hash` is the SHA-256 of the key, base64url; the key itself is nowhere.
                """
                CREATE TABLE api_keys (
                    id TEXT PRIMARY KEY,
                    kind TEXT NOT NULL,
                    name TEXT NOT NULL,
                    hash TEXT NOT NULL UNIQUE,
                    shown TEXT NOT NULL,
                    scopes TEXT NOT NULL,
                    allowed_origins TEXT NOT NULL,
                    created_at BIGINT NOT NULL,
                    revoked_at BIGINT
                )
                """,
                // Secrets stand here as they are: a signature cannot be checked with less. The store's file is its owner's alone.
                """
                CREATE TABLE connectors (
                    name TEXT PRIMARY KEY,
                    secret TEXT NOT NULL,
                    previous_secret TEXT,
                    previous_until BIGINT,
                    updated_at BIGINT NOT NULL
                )
                """,
                // What a store's refund and shipment webhooks leave out about their order. `source` is a shop of a connector.
                """
                CREATE TABLE connector_orders (
                    source TEXT NOT NULL,
                    order_id TEXT NOT NULL,
                    currency TEXT NOT NULL,
                    customer_id TEXT,
                    PRIMARY KEY (source, order_id)
                )\(dialect.clusteredByKey)
                """,
                // The currency of each shop's latest order, which is what its products are priced in.
                """
                CREATE TABLE connector_shops (
                    source TEXT PRIMARY KEY,
                    currency TEXT NOT NULL
                )
                """,
                """
                CREATE TABLE said_events (
                    number \(dialect.identityColumn),
                    source TEXT NOT NULL,
                    id TEXT NOT NULL,
                    type TEXT NOT NULL,
                    customer_id TEXT,
                    occurred_at BIGINT NOT NULL,
                    body TEXT NOT NULL
                )
                """,
                "CREATE UNIQUE INDEX said_events_identity ON said_events (id, source)",
                "CREATE INDEX said_events_customer ON said_events (customer_id, occurred_at)",
            ]
        },
        Migration(2, "settings") { _ in
            [
                // One row. `content` is what was written of the settings. The secrets stand here as they are, like the connectors'.
                """
                CREATE TABLE settings (
                    name TEXT PRIMARY KEY,
                    content TEXT NOT NULL,
                    secret TEXT,
                    previous_secret TEXT,
                    previous_until BIGINT,
                    version BIGINT NOT NULL,
                    updated_at BIGINT NOT NULL
                )
                """
            ]
        },
    ]
}
