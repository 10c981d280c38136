import SharedStore

/// The schema of messaging-svc. Steps are only ever added.
enum MessagingMigrations {
    static let all = [contacts, templates, flows, messages, links]

    private static let contacts = Migration(1, "contacts") { dialect in
        [
            // seen_at: the time of the newest event that described the customer; what an older one says fills gaps only.
            """
            CREATE TABLE contacts (
                customer_id TEXT NOT NULL PRIMARY KEY,
                email TEXT, email_key TEXT, phone TEXT, first_name TEXT, last_name TEXT, locale TEXT, timezone TEXT,
                seen_at BIGINT NOT NULL, deleted_at BIGINT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX contacts_by_email ON contacts (email_key)",
            """
            CREATE TABLE consents (
                customer_id TEXT NOT NULL, topic TEXT NOT NULL, state TEXT NOT NULL, consent_source TEXT, consent_text TEXT, said_at BIGINT NOT NULL,
                PRIMARY KEY (customer_id, topic)
            )
            """,
            // Every change of a consent, kept for the proof that GDPR and KVKK ask for.
            """
            CREATE TABLE consent_log (
                entry \(dialect.identityColumn),
                customer_id TEXT NOT NULL, topic TEXT NOT NULL, state TEXT NOT NULL, consent_source TEXT, consent_text TEXT, said_at BIGINT NOT NULL,
                noted_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX consent_log_by_customer ON consent_log (customer_id, entry)",
            """
            CREATE TABLE suppressions (
                id TEXT NOT NULL PRIMARY KEY, address TEXT NOT NULL, address_key TEXT NOT NULL UNIQUE, reason TEXT NOT NULL, detail TEXT,
                message_id TEXT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL
            )
            """,
        ]
    }

    private static let templates = Migration(2, "templates") { _ in
        [
            """
            CREATE TABLE templates (
                id TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, deleted_at BIGINT
            )
            """,
            // A version is never changed: a message names the one it was made of.
            """
            CREATE TABLE template_versions (
                template_id TEXT NOT NULL, version BIGINT NOT NULL, content TEXT NOT NULL, created_at BIGINT NOT NULL,
                PRIMARY KEY (template_id, version)
            )
            """,
        ]
    }

    private static let flows = Migration(3, "flows") { _ in
        [
            """
            CREATE TABLE flows (
                id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, preset TEXT, state TEXT NOT NULL, version BIGINT NOT NULL,
                created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL
            )
            """,
            """
            CREATE TABLE flow_versions (
                flow_id TEXT NOT NULL, version BIGINT NOT NULL, definition TEXT NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (flow_id, version)
            )
            """,
            // Which event types concern which version, and how: one look-up an event. key_path is '' where the customer is the key.
            """
            CREATE TABLE flow_interests (
                event_type TEXT NOT NULL, role TEXT NOT NULL, flow_id TEXT NOT NULL, version BIGINT NOT NULL, key_path TEXT NOT NULL,
                memory_seconds BIGINT NOT NULL, PRIMARY KEY (event_type, role, flow_id, version, key_path)
            )
            """,
            // One customer's passage. entry counts the runs of one key; the three together are the business key.
            """
            CREATE TABLE runs (
                id TEXT NOT NULL PRIMARY KEY, flow_id TEXT NOT NULL, version BIGINT NOT NULL, customer_id TEXT NOT NULL, run_key TEXT NOT NULL,
                entry BIGINT NOT NULL, state TEXT NOT NULL, reason TEXT, node_id TEXT, due_at BIGINT, wait_event TEXT, wait_key TEXT,
                triggered_at BIGINT NOT NULL, entered_at BIGINT NOT NULL, left_at BIGINT, context TEXT NOT NULL,
                UNIQUE (flow_id, run_key, entry)
            )
            """,
            "CREATE INDEX runs_waiting ON runs (wait_event, wait_key) WHERE wait_event IS NOT NULL",
            "CREATE INDEX runs_by_customer ON runs (customer_id, flow_id)",
            "CREATE INDEX runs_in_progress ON runs (flow_id) WHERE state = 'waiting'",
            "CREATE INDEX runs_by_flow ON runs (flow_id, entered_at, id)",
            """
            CREATE TABLE run_steps (
                run_id TEXT NOT NULL, node_id TEXT NOT NULL, visit BIGINT NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL,
                entered_at BIGINT NOT NULL, left_at BIGINT, PRIMARY KEY (run_id, node_id, visit)
            )
            """,
            // What a flow has to remember of events, since one that it waits for may come before the one that starts it.
            """
            CREATE TABLE recent_events (
                event_type TEXT NOT NULL, match_key TEXT NOT NULL, source TEXT NOT NULL, event_id TEXT NOT NULL, heard_at BIGINT NOT NULL,
                forget_at BIGINT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (event_type, match_key, event_id, source)
            )
            """,
            "CREATE INDEX recent_events_by_end ON recent_events (forget_at)",
            // Orders known to have been placed: an order.paid of any other counts as placed too.
            "CREATE TABLE placed_orders (order_id TEXT NOT NULL PRIMARY KEY, noted_at BIGINT NOT NULL)",
            "CREATE INDEX placed_orders_by_time ON placed_orders (noted_at)",
            // Why there was no run. Only refusals, for a while.
            """
            CREATE TABLE flow_decisions (
                flow_id TEXT NOT NULL, run_key TEXT NOT NULL, code TEXT NOT NULL, customer_id TEXT NOT NULL, event_type TEXT NOT NULL,
                event_id TEXT NOT NULL, event_time BIGINT NOT NULL, decided_at BIGINT NOT NULL, PRIMARY KEY (flow_id, run_key, code)
            )
            """,
            "CREATE INDEX flow_decisions_by_customer ON flow_decisions (customer_id)",
            "CREATE INDEX flow_decisions_by_time ON flow_decisions (decided_at)",
        ]
    }

    private static let messages = Migration(4, "messages") { _ in
        [
            """
            CREATE TABLE messages (
                id TEXT NOT NULL PRIMARY KEY, business_key TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, class TEXT NOT NULL,
                template_id TEXT NOT NULL, template_version BIGINT, locale TEXT, flow_id TEXT, run_id TEXT, node_id TEXT, order_id TEXT,
                state TEXT NOT NULL, reason TEXT, address TEXT, subject TEXT, mail_id TEXT, attempts BIGINT NOT NULL,
                created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, next_attempt_at BIGINT, sent_at BIGINT, last_response TEXT
            )
            """,
            "CREATE INDEX messages_by_customer ON messages (customer_id, created_at, id)",
            "CREATE INDEX messages_by_state ON messages (state, created_at, id)",
            "CREATE INDEX messages_by_time ON messages (created_at, id)",
            // Written before the attempt is made, so that an attempt a crash cut off is seen.
            """
            CREATE TABLE message_attempts (
                message_id TEXT NOT NULL, attempt BIGINT NOT NULL, started_at BIGINT NOT NULL, ended_at BIGINT, outcome TEXT, response TEXT,
                PRIMARY KEY (message_id, attempt)
            )
            """,
        ]
    }

    private static let links = Migration(5, "links") { dialect in
        [
            // Deleted flows stay as rows: a default one is not laid down anew, and runs and messages go on naming them.
            "ALTER TABLE flows ADD COLUMN deleted_at BIGINT",
            // Exits that came lately, since one may overtake what it ends. match_key: the run's key, or the customer's.
            """
            CREATE TABLE flow_exits (
                flow_id TEXT NOT NULL, match_key TEXT NOT NULL, exited_at BIGINT NOT NULL, heard_at BIGINT NOT NULL, PRIMARY KEY (flow_id, match_key)
            )
            """,
            "CREATE INDEX flow_exits_by_time ON flow_exits (heard_at)",
            // coupon: the offer that the mail brings; content: what a mail without a run is about.
            "ALTER TABLE messages ADD COLUMN topic TEXT",
            "ALTER TABLE messages ADD COLUMN preferred_locale TEXT",
            "ALTER TABLE messages ADD COLUMN coupon TEXT",
            "ALTER TABLE messages ADD COLUMN coupon_code TEXT",
            "ALTER TABLE messages ADD COLUMN coupon_ends_at BIGINT",
            "ALTER TABLE messages ADD COLUMN content TEXT",
            "ALTER TABLE messages ADD COLUMN opened_at BIGINT",
            "ALTER TABLE messages ADD COLUMN clicked_at BIGINT",
            "CREATE INDEX messages_by_run ON messages (run_id)",
            "CREATE INDEX messages_by_flow ON messages (flow_id, created_at, id)",
            // Opens and clicks. Neither address nor program of the reader is kept.
            """
            CREATE TABLE message_visits (
                entry \(dialect.identityColumn),
                message_id TEXT NOT NULL, kind TEXT NOT NULL, visitor TEXT NOT NULL, url TEXT, visited_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX message_visits_by_message ON message_visits (message_id, entry)",
        ]
    }
}
