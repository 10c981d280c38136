#if Postgres
    import Foundation
    import GatewayService
    import Logging
    import LoyaltyService
    import MessagingService
    import ReferralService
    import SurveyService
    import Testing

    @testable import SharedRuntime
    @testable import SharedStore

    private let server = ProcessInfo.processInfo.environment["VEFA_TEST_POSTGRES_URL"]

    @Suite("PostgreSQL: the services' schemas", .enabled(if: server != nil))
    struct PostgresMigrationTests {
        @Test("every migration of every service applies", arguments: [0, 1, 2, 3, 4])
        func apply(index: Int) async throws {
            let definitions = [
                LoyaltyService.definition, ReferralService.definition, MessagingService.definition, SurveyService.definition,
                GatewayService.definition,
            ]
            let definition = definitions[index]
            let server = try #require(server)
            let schema = "\(definition.name.rawValue)_" + String(UInt64.random(in: .min ... .max), radix: 36)
            _ = try PostgresConnection(PostgresAddress(server)).run("CREATE SCHEMA \(schema)")
            let store = try await Store.open(
                "\(server)\(server.contains("?") ? "&" : "?")options=-csearch_path%3D\(schema)",
                migrations: [("house", RuntimeMigrations.all), (definition.name.rawValue, definition.migrations)],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let applied = try await store.read { db in try db.first("SELECT COUNT(*) FROM schema_migrations") { $0.int(0) } }
            #expect(applied == Int64(RuntimeMigrations.all.count + definition.migrations.count))
            await store.close()
        }
    }
#endif
