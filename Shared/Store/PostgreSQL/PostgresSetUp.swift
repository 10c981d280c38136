#if Postgres
    import Logging

    /// What a database must be like before a store lives in it, and the one table the engine itself needs.
    struct PostgresSetUp {
        let address: PostgresAddress
        let logger: Logger

        func run() throws {
            var tries = 0
            while true {
                do throws(PostgresFailure) {
                    let connection = try PostgresConnection(address)
                    try createTable(connection)
                    let problem = try unfit(connection)
                    if let problem { throw PostgresFailure(consequence: .statement, error: .misuse(problem)) }
                    return
                } catch {
                    // Two that create the same table at once: one of them hears of the other as an error of the catalogue.
                    let isRace = ["23505", "42P07", "42710", "40001", "XX000"].contains(error.state)
                    guard isRace, tries < 10 else { throw error.error }
                    tries += 1
                    PostgresWriter.sleep(milliseconds: Int64.random(in: 10...50))
                }
            }
        }

        /// One row for each connection that writes, with the number of its latest commit; and the row in which those who migrate meet.
        private func createTable(_ connection: PostgresConnection) throws(PostgresFailure) {
            _ = try connection.run(
                """
                CREATE TABLE IF NOT EXISTS store_commits (
                    id TEXT NOT NULL PRIMARY KEY, number BIGINT NOT NULL, used_at BIGINT NOT NULL
                )
                """)
            // By the server's clock, which all of them share. A living connection that wrote nothing for so long makes its row anew.
            _ = try connection.run(
                """
                DELETE FROM store_commits
                WHERE id <> 'migrations' AND used_at < CAST(EXTRACT(EPOCH FROM now()) * 1000 AS BIGINT) - 2592000000
                """)
        }

        /// Why texts would not come back, or not in the order SQLite has them in.
        private func unfit(_ connection: PostgresConnection) throws(PostgresFailure) -> String? {
            let answer = try connection.run(
                """
                SELECT (SELECT setting FROM pg_settings WHERE name = 'server_encoding'), (SELECT setting FROM pg_settings WHERE name = 'fsync'),
                    CASE WHEN CAST('a' AS TEXT) > CAST('B' AS TEXT) AND CAST('a-b' AS TEXT) < CAST('aa' AS TEXT) THEN 1 ELSE 0 END
                """)
            guard answer.rows == 1 else { return nil }
            if answer.text(1) == "off" { logger.warning("the server runs with fsync off: a power cut loses acknowledged writes") }
            if answer.text(0) != "UTF8" || answer.int(2) != 1 {
                return "the database has to keep texts as UTF-8 and sort them by their bytes: create it with "
                    + "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            }
            return nil
        }
    }
#endif
