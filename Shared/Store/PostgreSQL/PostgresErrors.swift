#if Postgres
    internal import CLibPQ

    /// What the server (or the network) answered instead of a result, and what that means for the transaction around the statement.
    struct PostgresFailure: Error {
        enum Consequence {
            /// The statement failed; what was done since the last savepoint cannot be used any more.
            case statement
            /// Another transaction was in the way: this one has to run again from its beginning.
            case conflict
            /// What the connection kept prepared does not fit the schema any more: run again without it.
            case stale
            /// A read was ended with its first statement, and another one came: run again, and wait for it.
            case followed
            /// The connection is gone, and the transaction with it.
            case lost
        }

        var consequence: Consequence
        var error: StoreError
        /// SQLSTATE; empty when there was no answer at all.
        var state = ""
        /// Which value of which constraint was taken already (23505). It holds values: for comparing, never for words.
        private(set) var duplicate: String?

        static func lost(_ message: String) -> PostgresFailure { .init(consequence: .lost, error: .unavailable(message)) }

        /// What writes is another server now, or none for a while.
        static var onlyReads: PostgresFailure { .lost("the server only reads now") }

        /// `result` is one of the server's errors, or libpq's own when the connection broke.
        init(result: OpaquePointer) {
            func field(_ code: CInt) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
            state = field(vefa_pq_state) ?? ""
            let message = field(vefa_pq_message) ?? "no answer"
            error = StoreError(
                postgres: state, message: message, table: field(vefa_pq_table), constraint: field(vefa_pq_constraint),
                detail: field(vefa_pq_detail))
            if state == "23505" { duplicate = "\(field(vefa_pq_constraint) ?? "")\u{0}\(field(vefa_pq_detail) ?? "")" }
            let severity = field(vefa_pq_severity)
            switch state {
            case _ where severity == "FATAL" || severity == "PANIC": consequence = .lost
            // No state: libpq itself noticed that the connection broke.
            case "", "57P01", "57P02", "57P03": consequence = .lost
            case _ where state.hasPrefix("08"): consequence = .lost
            case "40001", "40P01", "55P03": consequence = .conflict
            case "26000": consequence = .stale
            case "0A000" where field(vefa_pq_function) == "RevalidateCachedQuery": consequence = .stale
            default: consequence = .statement
            }
        }

        init(consequence: Consequence, error: StoreError, state: String = "") {
            self.consequence = consequence
            self.error = error
            self.state = state
        }
    }

    extension StoreError {
        /// The meaning of an SQLSTATE. Only texts that name columns and constraints are repeated: those of class 22 quote values, and a detail
        /// does too.
        init(postgres state: String, message: String, table: String? = nil, constraint: String? = nil, detail: String? = nil) {
            switch state {
            case "23505": self = .uniqueViolation(Self.columns(detail, of: table) ?? constraint ?? "a unique value")
            case "22001", "22003", "54000": self = .constraint("a value is too large for its column or index (PostgreSQL \(state))")
            case "53100": self = .full
            case "40001", "40P01", "55P03": self = .busy
            case "57014": self = .unavailable("a statement took too long, or was cancelled")
            case "58030": self = .io("\(message) (PostgreSQL \(state))")
            case "XX001", "XX002": self = .corrupt("\(message) (PostgreSQL \(state))")
            default:
                switch state.prefix(2) {
                case "23": self = .constraint(message)
                case "22": self = .misuse("a value does not fit its place (PostgreSQL \(state))")
                case "", "08", "53", "57": self = .unavailable(state.isEmpty ? message : "\(message) (PostgreSQL \(state))")
                default: self = .misuse("\(message) (PostgreSQL \(state))")
                }
            }
        }

        /// `Key (slug)=(ada) already exists.` → `notes.slug`, as SQLite says it. The values stay here.
        private static func columns(_ detail: String?, of table: String?) -> String? {
            guard let detail, let table, let open = detail.firstIndex(of: "(") else { return nil }
            let rest = detail[detail.index(after: open)...]
            guard let end = rest.firstRange(of: ")=(") else { return nil }
            return rest[..<end.lowerBound].split(separator: ", ").map { "\(table).\($0)" }.joined(separator: ", ")
        }
    }
#endif
