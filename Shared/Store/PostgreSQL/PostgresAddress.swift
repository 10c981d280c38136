#if Postgres
    internal import CLibPQ

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Where a server is and how to talk to it: a URL as libpq reads it, with what Vefa wants where the URL says nothing.
    ///
    /// Never printed: it may hold a password.
    struct PostgresAddress: Sendable {
        private var parameters: [(name: String, value: String)]
        private let password: String?

        /// Milliseconds a statement may take, and may wait for somebody's lock, and a transaction may be left idle. The URL's own
        /// `options=-c…` stand behind these and win.
        private static let limits = "-c statement_timeout=20000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"

        /// Reads a URL. The errors never repeat it. With `isPatient` a statement may take as long as it takes: a copy counts and compares whole tables.
        init(_ url: String, isPatient: Bool = false) throws {
            guard let parsed = PQconninfoParse(url, nil) else {
                throw StoreError.misuse(
                    "a PostgreSQL URL is postgres://user:password@host:port/database?sslmode=…, with what is special in it percent-encoded")
            }
            defer { PQconninfoFree(parsed) }
            var said: [String: String] = [:]
            var option = parsed
            while let name = option.pointee.keyword {
                if let value = option.pointee.val { said[String(cString: name)] = String(cString: value) }
                option += 1
            }
            var defaults = [
                "fallback_application_name": "vefa", "connect_timeout": "5", "keepalives_idle": "10", "keepalives_interval": "5",
                "keepalives_count": "3", "tcp_user_timeout": "15000",
            ]
            // Several servers: the one that writes.
            if said["host", default: ""].contains(",") { defaults["target_session_attrs"] = "read-write" }
            said.merge(defaults) { own, _ in own }
            said["client_encoding"] = "UTF8"
            said["options"] = [Self.limits, said["options"], isPatient ? "-c statement_timeout=0" : nil].compactMap { $0 }.joined(separator: " ")
            password = said["password"]
            parameters = said.map { (name: $0.key, value: $0.value) }
        }

        /// The same for connections that write. There a sequential scan would note its whole table as read, as if everything in it mattered, and whoever
        /// writes anything into a small table, where the planner likes such scans best, would be in everybody's way: see `docs/adr/0010`. Measured with
        /// 64 customers and 8 clients: 6.6 repetitions a transaction with such scans, 1.2 without.
        func forWriting() -> PostgresAddress {
            var address = self
            address.parameters = parameters.map { $0.name == "options" ? ($0.name, "-c enable_seqscan=off \($0.value)") : $0 }
            return address
        }

        /// Lends the parameters in the form libpq takes them.
        func withParameters<T>(_ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> T) -> T? {
            var names = parameters.map { UnsafePointer(strdup($0.name)) }
            var values = parameters.map { UnsafePointer(strdup($0.value)) }
            defer { for text in names + values { free(UnsafeMutablePointer(mutating: text)) } }
            names.append(nil)
            values.append(nil)
            return names.withUnsafeBufferPointer { names in
                values.withUnsafeBufferPointer { values in
                    guard let names = names.baseAddress, let values = values.baseAddress else { return nil }
                    return body(names, values)
                }
            }
        }

        /// What libpq says about a failed connection: it names host and user. In one line, and never with the password.
        func cleaned(_ message: String) -> String {
            var text = message.split(whereSeparator: \.isNewline).map { $0.drop { $0.isWhitespace } }.joined(separator: "; ")
            if let password, !password.isEmpty, text.contains(password) { text = "the connection failed" }
            return text
        }
    }
#endif
