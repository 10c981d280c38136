import FoundationEssentials
import Testing

@testable import SharedStore

/// The engines that the tests of the store run on: SQLite always; PostgreSQL where the package was built with the trait `Postgres` and
/// `VEFA_TEST_POSTGRES_URL` says where a server is (Tests/Support/with-postgres starts one).
enum TestEngine: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case sqlite, postgres

    static let running: [TestEngine] = allCases.filter { $0.whyNot == nil }

    var testDescription: String { rawValue }

    /// Why an engine is left out; nil when it is not.
    var whyNot: String? {
        guard self == .postgres else { return nil }
        #if Postgres
            return Self.serverURL == nil ? "VEFA_TEST_POSTGRES_URL is not set (see Tests/Support/with-postgres)" : nil
        #else
            return "the package was built without the trait Postgres"
        #endif
    }

    /// Where the server is.
    static var serverURL: String? { ProcessInfo.processInfo.environment["VEFA_TEST_POSTGRES_URL"] }

    /// The URL of a schema of its own, which is made here where it is not there yet.
    func schema(_ name: String, on server: String? = serverURL) throws -> String {
        #if Postgres
            guard let server else { throw StoreError.unavailable("no server") }
            _ = try PostgresConnection(PostgresAddress(server)).run("CREATE SCHEMA IF NOT EXISTS \(name)")
            return "\(server)\(server.contains("?") ? "&" : "?")options=-csearch_path%3D\(name)"
        #else
            throw StoreError.unknownScheme("not built in")
        #endif
    }

    /// How many statements a connection keeps prepared.
    static func preparedStatements(_ db: SQLConnection) -> Int {
        #if Postgres
            if let session = db.engine as? PostgresSession { return session.cache.count }
        #endif
        return (db.engine as? SQLiteSession)?.cache.count ?? .max
    }
}

@Suite("The engines")
struct TestEngineTests {
    @Test("every engine that VEFA_TEST_ENGINES asks for is there")
    func asked() {
        let asked = (ProcessInfo.processInfo.environment["VEFA_TEST_ENGINES"] ?? "sqlite").split(separator: ",")
        for name in asked {
            let engine = TestEngine(rawValue: String(name))
            #expect(engine != nil, "there is no engine \(name)")
            if let engine { #expect(TestEngine.running.contains(engine), "\(name): \(engine.whyNot ?? "")") }
        }
    }

    @Test(
        "PostgreSQL runs the same tests",
        .enabled(
            if: TestEngine.running.contains(.postgres), Comment(rawValue: "POSTGRESQL IS NOT TESTED: \(TestEngine.postgres.whyNot ?? "")")))
    func postgres() {}
}
