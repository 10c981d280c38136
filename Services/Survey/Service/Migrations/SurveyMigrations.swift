import SharedStore

/// The schema of survey-svc. Steps are only ever added.
enum SurveyMigrations {
    static let all = [orders, surveys, invitations, slots]

    private static let orders = Migration(1, "customers and deliveries") { _ in
        [
            """
            CREATE TABLE known_customers (
                customer_id TEXT NOT NULL PRIMARY KEY, email_key TEXT, first_seen_at BIGINT NOT NULL, orders BIGINT NOT NULL
            )
            """,
            // One row an order; delivered_at is what review requests are reckoned from.
            """
            CREATE TABLE deliveries (
                order_id TEXT NOT NULL PRIMARY KEY, customer_id TEXT, placed_at BIGINT, delivered_at BIGINT, cancelled_at BIGINT
            )
            """,
            "CREATE INDEX deliveries_by_customer ON deliveries (customer_id, delivered_at)",
        ]
    }

    private static let surveys = Migration(2, "surveys, answers and their figures") { _ in
        [
            // version 0: never published. The draft is what the next publishing makes a version of.
            """
            CREATE TABLE surveys (
                id TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL, draft TEXT NOT NULL, version BIGINT NOT NULL, created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL, published_at BIGINT
            )
            """,
            "CREATE INDEX surveys_by_time ON surveys (created_at, id)",
            """
            CREATE TABLE survey_versions (
                survey_id TEXT NOT NULL, version BIGINT NOT NULL, definition TEXT NOT NULL, published_at BIGINT NOT NULL,
                PRIMARY KEY (survey_id, version)
            )
            """,
            // One response a person and survey: what the unique pair says.
            """
            CREATE TABLE responses (
                id TEXT NOT NULL PRIMARY KEY, survey_id TEXT NOT NULL, version BIGINT NOT NULL, person TEXT NOT NULL, customer_id TEXT,
                visitor_id TEXT, invitation_id TEXT, answers TEXT NOT NULL, completed_at BIGINT, grant_key TEXT, reward TEXT,
                created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
                UNIQUE (survey_id, person)
            )
            """,
            "CREATE INDEX responses_by_survey ON responses (survey_id, created_at, id)",
            "CREATE INDEX responses_by_customer ON responses (customer_id, created_at, id)",
            "CREATE INDEX responses_by_grant ON responses (grant_key)",
            // How far each person has come; the figures are these rows counted, kept up beside them.
            """
            CREATE TABLE survey_persons (
                survey_id TEXT NOT NULL, person TEXT NOT NULL, seen_at BIGINT, last_seen_at BIGINT, started_at BIGINT, completed_at BIGINT,
                closed_at BIGINT,
                PRIMARY KEY (survey_id, person)
            )
            """,
            "CREATE INDEX survey_persons_by_person ON survey_persons (person, last_seen_at)",
            """
            CREATE TABLE survey_figures (
                survey_id TEXT NOT NULL PRIMARY KEY, seen BIGINT NOT NULL, started BIGINT NOT NULL, completed BIGINT NOT NULL,
                closed BIGINT NOT NULL
            )
            """,
            """
            CREATE TABLE survey_buckets (
                survey_id TEXT NOT NULL, question_id TEXT NOT NULL, bucket TEXT NOT NULL, amount BIGINT NOT NULL,
                PRIMARY KEY (survey_id, question_id, bucket)
            )
            """,
        ]
    }

    private static let invitations = Migration(3, "invitations") { _ in
        [
            """
            CREATE TABLE invitations (
                id TEXT NOT NULL PRIMARY KEY, survey_id TEXT NOT NULL, order_id TEXT NOT NULL, customer_id TEXT NOT NULL,
                created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
                UNIQUE (survey_id, order_id)
            )
            """,
            "CREATE INDEX invitations_by_customer ON invitations (customer_id, created_at)",
            // What an order cost and what of it was given back: nobody is asked about an order that was returned whole.
            "CREATE TABLE order_totals (order_id TEXT NOT NULL PRIMARY KEY, total BIGINT NOT NULL, said_at BIGINT NOT NULL)",
            """
            CREATE TABLE order_refunds (
                order_id TEXT NOT NULL, refund_id TEXT NOT NULL, amount BIGINT NOT NULL,
                PRIMARY KEY (order_id, refund_id)
            )
            """,
            "ALTER TABLE known_customers ADD COLUMN deleted_at BIGINT",
        ]
    }

    private static let slots = Migration(4, "figures over several rows") { _ in
        [
            // A survey's counters, spread over rows that are added up: everybody who answers at once would write to the same one.
            """
            CREATE TABLE figure_slots (
                survey_id TEXT NOT NULL, slot BIGINT NOT NULL, seen BIGINT NOT NULL, started BIGINT NOT NULL, completed BIGINT NOT NULL,
                closed BIGINT NOT NULL, PRIMARY KEY (survey_id, slot)
            )
            """,
            """
            CREATE TABLE bucket_slots (
                survey_id TEXT NOT NULL, question_id TEXT NOT NULL, bucket TEXT NOT NULL, slot BIGINT NOT NULL, amount BIGINT NOT NULL,
                PRIMARY KEY (survey_id, question_id, bucket, slot)
            )
            """,
            """
            INSERT INTO figure_slots (survey_id, slot, seen, started, completed, closed)
            SELECT survey_id, 0, seen, started, completed, closed FROM survey_figures
            """,
            """
            INSERT INTO bucket_slots (survey_id, question_id, bucket, slot, amount)
            SELECT survey_id, question_id, bucket, 0, amount FROM survey_buckets
            """,
            "DROP TABLE survey_figures",
            "DROP TABLE survey_buckets",
        ]
    }
}
