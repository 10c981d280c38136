#if Postgres
    /// The statements one connection has prepared, by their text, a bounded number of them: those not used for longest go first.
    struct PostgresStatementCache {
        /// A statement the server knows by name.
        final class Statement {
            let name: String
            let places: Int
            /// The type each place was declared with; 0 where only NULL was seen so far and the server chose.
            let types: [UInt32]
            fileprivate(set) var lastUse: UInt64 = 0
            /// Whether a read consisted of it, and whether one began with it and went on.
            var wasAlone = false
            var wasFollowed = false

            init(name: String, places: Int, types: [UInt32]) {
                self.name = name
                self.places = places
                self.types = types
            }
        }

        private let limit: Int
        private var statements: [String: Statement] = [:]
        private var clock: UInt64 = 0
        private var made: UInt64 = 0

        init(limit: Int) {
            self.limit = limit
        }

        var count: Int { statements.count }

        mutating func find(_ text: String) -> Statement? {
            guard let statement = statements[text] else { return nil }
            clock += 1
            statement.lastUse = clock
            return statement
        }

        /// A name no statement of this connection had before.
        mutating func newName() -> String {
            made += 1
            return "v\(made)"
        }

        /// Keeps a statement and returns the names the server can forget.
        mutating func keep(_ statement: Statement, _ text: String) -> [String] {
            var gone: [String] = []
            if let replaced = statements.removeValue(forKey: text) { gone.append(replaced.name) }
            if statements.count >= limit {
                // The older eighth at once, so that a flood of new texts does not look for the oldest each time.
                for (text, statement) in statements.sorted(by: { $0.value.lastUse < $1.value.lastUse }).prefix(max(1, limit / 8)) {
                    statements[text] = nil
                    gone.append(statement.name)
                }
            }
            clock += 1
            statement.lastUse = clock
            statements[text] = statement
            return gone
        }

        mutating func removeAll() {
            statements.removeAll()
        }
    }
#endif
