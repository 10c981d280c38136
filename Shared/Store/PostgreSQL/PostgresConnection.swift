#if Postgres
    internal import CLibPQ

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// One connection to a server, on the thread that owns it. Every call has an end: sending and waiting are ours, with a deadline, because
    /// libpq's own would wait for a silent server for ever.
    final class PostgresConnection {
        private let handle: OpaquePointer
        /// How long the client waits for an answer: longer than the server's own limit, which is the one that should end a statement.
        private var patience: Duration = .seconds(40)

        /// Blocks until the connection stands or cannot be had.
        init(_ address: PostgresAddress) throws(PostgresFailure) {
            guard let handle = address.withParameters({ PQconnectdbParams($0, $1, 0) }) ?? nil else { throw .lost("out of memory") }
            self.handle = handle
            guard PQstatus(handle) == CONNECTION_OK else {
                throw .lost(address.cleaned(String(cString: PQerrorMessage(handle))))
            }
            // Notices would go to stderr.
            PQsetNoticeProcessor(handle, { _, _ in }, nil)
            PQsetnonblocking(handle, 1)
            try setUp()
        }

        deinit {
            PQfinish(handle)
        }

        /// Lets go of the connection at once, so that nothing more of what was given to it is sent.
        func cut() {
            shutdown(PQsocket(handle), Int32(SHUT_RDWR))
        }

        /// What the connection must be like, whatever the server's and the database's settings are.
        private func setUp() throws(PostgresFailure) {
            let settings = try run("SELECT name, setting FROM pg_settings WHERE name IN ('synchronous_commit', 'statement_timeout')")
            for row in 0..<settings.rows {
                settings.stand(on: row)
                switch settings.text(0) {
                // An acknowledged write is on disk. Whoever wants more (remote_apply) keeps it.
                case "synchronous_commit" where settings.text(1) == "off": _ = try run("SET synchronous_commit = on")
                case "statement_timeout":
                    let limit = settings.int(1)
                    patience = limit > 0 && limit < 86_400_000 ? .milliseconds(limit + 10_000) : .seconds(86_400)
                default: break
                }
            }
        }

        // MARK: - Talking

        /// Runs one or more statements without values. Returns the last answer that has rows, else the last.
        func run(_ text: String, isUnlimited: Bool = false) throws(PostgresFailure) -> PostgresResult {
            try send { PQsendQuery(handle, text) }
            return try answer(isUnlimited: isUnlimited)
        }

        func prepare(_ name: String, _ text: String, _ types: [UInt32]) throws(PostgresFailure) {
            try send { PQsendPrepare(handle, name, text, Int32(clamping: types.count), types) }
            _ = try answer(isUnlimited: false)
        }

        /// Values go in binary form: no quoting, no digits to write and to read. Answers come as text (see `PostgresResult`).
        func execute(_ name: String, _ values: PostgresValues) throws(PostgresFailure) -> PostgresResult {
            try send {
                values.withPointers { pointers, lengths, formats in
                    PQsendQueryPrepared(handle, name, Int32(clamping: values.count), pointers, lengths, formats, 0)
                }
            }
            return try answer(isUnlimited: false)
        }

        private func send(_ body: () -> CInt) throws(PostgresFailure) {
            guard body() == 1 else { throw broken() }
        }

        private func answer(isUnlimited: Bool) throws(PostgresFailure) -> PostgresResult {
            let deadline = ContinuousClock.now.advanced(by: isUnlimited ? .seconds(86_400) : patience)
            var last: PostgresResult?
            var failure: PostgresFailure?
            while true {
                try wait(until: deadline)
                guard let result = PQgetResult(handle) else { break }
                switch PQresultStatus(result) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                    let result = PostgresResult(result)
                    if last == nil || result.columns > 0 || last?.columns == 0 { last = result }
                    lastTag = result.tag
                case PGRES_EMPTY_QUERY:
                    PQclear(result)
                    failure = failure ?? PostgresFailure(consequence: .statement, error: .misuse("an empty statement"))
                case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                    PQclear(result)
                    cut()
                    throw .lost("COPY is not for the store")
                default:
                    failure = failure ?? PostgresFailure(result: result)
                    PQclear(result)
                }
            }
            if var failure {
                if PQstatus(handle) != CONNECTION_OK { failure.consequence = .lost }
                throw failure
            }
            guard let last else { throw broken() }
            return last
        }

        /// What the last statement of the last call said of itself, such as COMMIT (or ROLLBACK, where a commit was asked for in vain).
        private(set) var lastTag = ""

        /// Sends what is left to send and returns once an answer is there.
        private func wait(until deadline: ContinuousClock.Instant) throws(PostgresFailure) {
            while true {
                let unsent = PQflush(handle)
                guard unsent >= 0 else {
                    // The server may have said why before it hung up.
                    if PQconsumeInput(handle) == 1, PQisBusy(handle) == 0 { return }
                    throw broken()
                }
                if unsent == 0, PQisBusy(handle) == 0 { return }
                let left = ContinuousClock.now.duration(to: deadline)
                guard left > .zero else {
                    cut()
                    throw .lost("the server gave no answer in time")
                }
                let milliseconds = left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
                guard PQsocket(handle) >= 0 else { throw broken() }
                var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN) | (unsent > 0 ? Int16(POLLOUT) : 0), revents: 0)
                let ready = poll(&descriptor, 1, Int32(clamping: milliseconds))
                if ready < 0, errno != EINTR { throw broken() }
                if ready > 0, descriptor.revents & ~Int16(POLLOUT) != 0, PQconsumeInput(handle) == 0, PQisBusy(handle) == 1 {
                    throw broken()
                }
            }
        }

        private func broken() -> PostgresFailure {
            // Not libpq's text: after a failed send it can hold what was sent.
            .lost("the connection to the server broke")
        }
    }
#endif
