public import Foundation
public import Shared
public import SharedStore
import Synchronization

/// Where the stores of houses and suites are: `VEFA_TEST_ENGINE` says on which engine (`sqlite`, the default, or `postgres`), and
/// `VEFA_TEST_POSTGRES_URL` on which server (Tests/Support/with-postgres starts one).
///
/// On PostgreSQL a service's store is a schema of its own, which is found again by the service's folder: who opens the folder again opens the
/// same store, as on SQLite.
public enum TestStores {
    /// A test of what one engine alone has says so: `.enabled(if: TestStores.engine == .sqlite, "why")`.
    public static let engine: SQLDialect.Engine = environment["VEFA_TEST_ENGINE"].map { SQLDialect.Engine(rawValue: $0) ?? .postgres } ?? .sqlite

    /// True where several processes can have a store open.
    public static var isShared: Bool { engine == .postgres }

    private static let environment = ProcessInfo.processInfo.environment
    /// The schemas that were made for a folder.
    private static let made = Mutex<[String: Set<String>]>([:])

    /// What tells services whose data is in `folder` where their stores are; empty on SQLite, where they are in the folder.
    public static func environment(folder: URL, _ services: [ServiceName] = ServiceName.allCases) async throws -> [String: String] {
        guard engine == .postgres else { return [:] }
        let server = try server()
        var values: [String: String] = [:]
        for service in services {
            let name = schema(of: service, in: folder)
            let isNew = made.withLock { $0[path(folder), default: []].insert(name).inserted }
            values["VEFA_\(service.rawValue.uppercased())_DATABASE_URL"] =
                isNew ? try await PostgresSchema.make(name, on: server) : PostgresSchema.url(name, on: server)
        }
        return values
    }

    /// Removes the folder and what is below it, and their stores.
    public static func remove(_ folder: URL) async {
        try? FileManager.default.removeItem(at: folder)
        guard engine == .postgres, let server = try? server() else { return }
        let path = path(folder)
        let names = made.withLock { made in
            let gone = made.keys.filter { $0 == path || $0.hasPrefix(path + "/") }
            return gone.flatMap { Array(made.removeValue(forKey: $0) ?? []) }
        }
        // Else they are gone with the server.
        try? await PostgresSchema.drop(names, on: server)
    }

    /// Copies a service's store while it is in use.
    public static func copy(_ store: Store, of service: ServiceName, in folder: URL) async throws -> Copy {
        let name = "c" + String(UInt64.random(in: .min ... .max), radix: 36)
        let file = folder.appendingPathComponent("\(name).db")
        if engine == .postgres {
            made.withLock { _ = $0[path(folder), default: []].insert(name) }
            try await PostgresSchema.copy(schema(of: service, in: folder), to: name, on: server())
        } else {
            try await store.backup(to: file.path)
        }
        return Copy(name: name, file: file, service: service, folder: folder)
    }

    /// A service's store as it was.
    public struct Copy: Sendable {
        fileprivate let name: String
        fileprivate let file: URL
        fileprivate let service: ServiceName
        fileprivate let folder: URL

        /// Puts the copy in the place of the store, which is closed.
        public func putBack() async throws {
            if engine == .postgres { return try await PostgresSchema.setBack(schema(of: service, in: folder), to: name, on: server()) }
            let database = folder.appendingPathComponent("\(service.rawValue).db")
            for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database.path + ending) }
            try FileManager.default.copyItem(at: file, to: database)
        }
    }

    private static func server() throws -> String {
        guard let name = environment["VEFA_TEST_ENGINE"], SQLDialect.Engine(rawValue: name) != nil else {
            throw TestHouse.Unexpected(description: "VEFA_TEST_ENGINE is neither sqlite nor postgres")
        }
        guard let url = environment["VEFA_TEST_POSTGRES_URL"] else {
            throw TestHouse.Unexpected(description: "VEFA_TEST_POSTGRES_URL is not set: Tests/Support/with-postgres starts a server")
        }
        return url
    }

    private static func path(_ folder: URL) -> String {
        let path = folder.path
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// FNV-1a over the path: short enough for a name, and the same after a restart.
    private static func schema(of service: ServiceName, in folder: URL) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path(folder).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "t\(String(hash, radix: 36))_\(service.rawValue)"
    }
}
