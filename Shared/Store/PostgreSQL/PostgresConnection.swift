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
    ///
    /// Statements are queued and go out together (the protocol's pipeline): a transaction's first words travel with its first statement, and
    /// what nobody has to wait for is heard of when the next answer is.
    final class PostgresConnection {
        private let handle: OpaquePointer
        /// How long the client waits for an answer: longer than the server's own limit, which is the one that should end a statement.
        private var patience: Duration = .seconds(40)
        /// What was queued and not heard of, oldest first.
        private var unheard: [Sent] = []
        private var lastUse = ContinuousClock.now

        private enum Sent {
            case statement, control, preparation, end
        }

        /// What the last `hear` heard of statements it had to prepare: whether the server has them now, whatever came after.
        private(set) var hasPrepared = false
        /// Whether it was one of the store's own words (BEGIN, SAVEPOINT, …) that failed in the last `hear`.
        private(set) var controlFailed = false

        /// Blocks until the connection stands or cannot be had.
        ///
        /// A server that only reads (a standby; a database whose `default_transaction_read_only` is on) is no server to somebody who writes.
        init(_ address: PostgresAddress, isWriter: Bool = true) throws(PostgresFailure) {
            guard let handle = address.withParameters({ PQconnectdbParams($0, $1, 0) }) ?? nil else { throw .lost("out of memory") }
            self.handle = handle
            guard PQstatus(handle) == CONNECTION_OK else {
                throw .lost(address.cleaned(String(cString: PQerrorMessage(handle))))
            }
            // Notices would go to stderr.
            PQsetNoticeProcessor(handle, { _, _ in }, nil)
            PQsetnonblocking(handle, 1)
            try setUp(isWriter)
        }

        deinit {
            PQfinish(handle)
        }

        /// Lets go of the connection at once, so that nothing more of what was given to it is sent.
        func cut() {
            shutdown(PQsocket(handle), Int32(SHUT_RDWR))
        }

        /// What the connection must be like, whatever the server's and the database's settings are.
        private func setUp(_ isWriter: Bool) throws(PostgresFailure) {
            let settings = try run(
                """
                SELECT name, setting FROM pg_settings
                WHERE name IN ('synchronous_commit', 'statement_timeout', 'transaction_read_only')
                """)
            for row in 0..<settings.rows {
                settings.stand(on: row)
                switch settings.text(0) {
                // An acknowledged write is on disk. Whoever wants more (remote_apply) keeps it.
                case "synchronous_commit" where settings.text(1) == "off": _ = try run("SET synchronous_commit = on")
                case "statement_timeout":
                    let limit = settings.int(1)
                    patience = limit > 0 && limit < 86_400_000 ? .milliseconds(limit + 5_000) : .seconds(86_400)
                case "transaction_read_only" where isWriter && settings.text(1) == "on": throw .onlyReads
                default: break
                }
            }
        }

        /// Whether the server still holds its end. Asked only after a while in which nobody talked, when it is worth a look.
        var isOpen: Bool {
            guard lastUse.duration(to: .now) > .seconds(1) else { return true }
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 0) != 0 else { return true }
            return PQconsumeInput(handle) == 1 && PQstatus(handle) == CONNECTION_OK
        }

        /// Whether the server is in a transaction, as far as was heard.
        var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

        // MARK: - Talking

        /// Runs one or more statements without values, outside of transactions that were begun by queued statements. Returns the last answer
        /// that has rows, else the last.
        func run(_ text: String) throws(PostgresFailure) -> PostgresResult {
            if PQpipelineStatus(handle) != PQ_PIPELINE_OFF {
                if !unheard.isEmpty { _ = try hear() }
                try send { PQexitPipelineMode(handle) }
            }
            try send { PQsendQuery(handle, text) }
            return try answer()
        }

        /// Queues a statement that the server is to know by a name from now on.
        func prepare(_ name: String, _ text: String, _ types: [UInt32]) throws(PostgresFailure) {
            try queue(.preparation) { PQsendPrepare(handle, name, text, Int32(clamping: types.count), types) }
        }

        /// Queues a prepared statement. Values go in binary form: no quoting, no digits to write and to read. Answers come as text (see
        /// `PostgresResult`).
        func execute(_ name: String, _ values: PostgresValues, isControl: Bool = false) throws(PostgresFailure) {
            try queue(isControl ? .control : .statement) {
                values.withPointers { pointers, lengths, formats in
                    PQsendQueryPrepared(handle, name, Int32(clamping: values.count), pointers, lengths, formats, 0)
                }
            }
        }

        /// Queues one statement without values that is not worth a name.
        func execute(once text: String, isControl: Bool) throws(PostgresFailure) {
            try queue(isControl ? .control : .statement) { PQsendQueryParams(handle, text, 0, nil, nil, nil, nil, 0) }
        }

        /// Ends what was queued: the server commits what began without BEGIN, and after a failure goes on behind this. Sent at once.
        func end() throws(PostgresFailure) {
            try queue(.end) { PQpipelineSync(handle) }
        }

        /// Asks for the answers to what was queued without ending it.
        func push() throws(PostgresFailure) {
            try send { PQsendFlushRequest(handle) }
        }

        /// Waits for all answers. Returns the last one, or throws the first failure; then what was behind it was not done.
        func hear(isUnlimited: Bool = false) throws(PostgresFailure) -> PostgresResult? {
            let deadline = ContinuousClock.now.advanced(by: isUnlimited ? .seconds(86_400) : patience)
            var last: PostgresResult?
            var failure: PostgresFailure?
            var isEnded = false
            hasPrepared = false
            controlFailed = false
            var index = 0
            while index < unheard.count {
                let sent = unheard[index]
                index += 1
                isEnded = sent == .end
                try wait(until: deadline)
                guard let result = PQgetResult(handle) else { throw broken() }
                switch PQresultStatus(result) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                    if sent == .preparation { hasPrepared = true }
                    last = PostgresResult(result)
                case PGRES_PIPELINE_SYNC, PGRES_PIPELINE_ABORTED:
                    PQclear(result)
                default:
                    let found = Self.failure(result)
                    PQclear(result)
                    if PQstatus(handle) != CONNECTION_OK {
                        throw PostgresFailure(consequence: .lost, error: found.error, state: found.state)
                    }
                    if failure == nil {
                        failure = found
                        controlFailed = sent == .control
                    }
                }
                if sent != .end {
                    // An answer is followed by nothing, which is an answer too.
                    try wait(until: deadline)
                    if let more = PQgetResult(handle) {
                        PQclear(more)
                        throw broken()
                    }
                }
                // The server hears nothing more before the end is said.
                if index == unheard.count, failure != nil, !isEnded { try end() }
            }
            unheard.removeAll(keepingCapacity: true)
            lastUse = .now
            if let failure { throw failure }
            return last
        }

        private func queue(_ what: Sent, _ body: () -> CInt) throws(PostgresFailure) {
            if PQpipelineStatus(handle) == PQ_PIPELINE_OFF { try send { PQenterPipelineMode(handle) } }
            try send(body)
            unheard.append(what)
        }

        private func send(_ body: () -> CInt) throws(PostgresFailure) {
            guard body() == 1 else { throw broken() }
        }

        private func answer() throws(PostgresFailure) -> PostgresResult {
            let deadline = ContinuousClock.now.advanced(by: patience)
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
                default:
                    failure = failure ?? Self.failure(result)
                    PQclear(result)
                }
            }
            lastUse = .now
            if var failure {
                if PQstatus(handle) != CONNECTION_OK { failure.consequence = .lost }
                throw failure
            }
            guard let last else { throw broken() }
            return last
        }

        private static func failure(_ result: OpaquePointer) -> PostgresFailure {
            switch PQresultStatus(result) {
            case PGRES_EMPTY_QUERY: PostgresFailure(consequence: .statement, error: .misuse("an empty statement"))
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: .lost("COPY is not for the store")
            default: PostgresFailure(result: result)
            }
        }

        /// What the last statement of the last `run` said of itself, such as COMMIT.
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
