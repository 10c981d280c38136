import Foundation
import Logging
import Shared
import SharedStore
import SharedTesting
import Synchronization
import Testing

@testable import SharedRuntime

@Suite("What an executable does with its store instead of serving")
struct StoreCommandTests {
    private static func definition(
        _ name: ServiceName = .referral, verify: (@Sendable (SQLConnection) throws -> String?)? = nil
    ) -> ServiceDefinition {
        ServiceDefinition(
            name: name,
            migrations: [Migration(1, "things") { _ in ["CREATE TABLE things (id TEXT PRIMARY KEY, amount BIGINT NOT NULL)"] }],
            routes: { _, _ in }, verify: verify)
    }

    /// On a file, whatever engine the tests run on.
    private static func open(_ definition: ServiceDefinition = definition(), in folder: URL) async throws -> TestHouse {
        let name = definition.name.rawValue
        return try await TestHouse.start(
            definition, environment: ["VEFA_\(name.uppercased())_DATABASE_URL": "sqlite://\(folder.path)/\(name).db"], folder: folder)
    }

    /// A folder with a store that has said something.
    private static func store(_ definition: ServiceDefinition = definition()) async throws -> (url: String, folder: URL) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-\(UUID().uuidString)")
        let house = try await open(definition, in: folder)
        try await house.house.write { change in
            for index in 0..<500 { try change.db.execute("INSERT INTO things (id, amount) VALUES (\("t\(index)"), \(index))") }
            for index in 0..<20 { try change.emit("order.paid", subject: nil, data: [:], id: "e\(index)") }
            try change.schedule("later", key: "k", at: TestHouse.startOfTime)
        }
        await house.stop(keep: true)
        return ("sqlite://\(house.folder.path)/\(definition.name.rawValue).db", house.folder)
    }

    private static func run(
        _ arguments: [String], _ definition: ServiceDefinition = definition()
    ) async throws -> (code: Int32, said: String) {
        let said = Mutex("")
        let command = try #require(try StoreCommand(arguments, definition) { _ in nil })
        let code = await command.run { line in said.withLock { $0 += line + "\n" } }
        return (code, said.withLock { $0 })
    }

    @Test("arguments are read, and URLs taken from the environment where they are not given")
    func arguments() throws {
        func deed(_ arguments: [String], _ environment: [String: String] = [:]) throws -> StoreCommand.Deed? {
            try StoreCommand(arguments, Self.definition()) { environment[$0] }?.deed
        }
        #expect(try deed([]) == nil)
        #expect(try deed(["migrate", "a", "b"]) == .migrate(from: "a", to: "b"))
        #expect(try deed(["migrate"], ["VEFA_COPY_FROM": "a", "VEFA_COPY_TO": "b"]) == .migrate(from: "a", to: "b"))
        #expect(try deed(["restore", "/f.db", "u"]) == .restore(file: "/f.db", to: "u"))
        for wrong in [["migrate"], ["migrate", "a"], ["migrate", "a", "b", "c"], ["restore", "f.db", "u"], ["inspect"], ["serve"]] {
            #expect(throws: StoreCommand.Usage.self, "\(wrong)") { try deed(wrong) }
        }
    }

    @Test("a store is moved and goes on: what was said keeps its positions, what is due its time; the move can be seen and is timed")
    func migrate() async throws {
        let (url, folder) = try await Self.store()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (code, said) = try await Self.run(["migrate", url, "sqlite://\(folder.path)/moved/referral.db"])
        #expect(code == 0, "\(said)")
        #expect(said.contains("copying things: 500 of 500 rows"))
        #expect(said.contains("rows/s"))
        let moved = try await Self.open(in: folder.appendingPathComponent("moved"))
        #expect(try await moved.said().map(\.id) == (0..<20).map { "e\($0)" })
        #expect(try await moved.house.nextTimerDue() == TestHouse.startOfTime)
        await moved.stop()
        // Again: the target is no longer an empty one.
        #expect(try await Self.run(["migrate", url, "sqlite://\(folder.path)/referral.db"]).code == 78)
    }

    @Test("the exit code says what was wrong: the data, what is not there or in use, the configuration")
    func codes() async throws {
        let (url, folder) = try await Self.store()
        defer { try? FileManager.default.removeItem(at: folder) }
        let target = "sqlite://\(folder.path)/new.db"
        #expect(try await Self.run(["inspect", url]).code == 0)
        #expect(try await Self.run(["inspect", url], Self.definition(.survey)).code == 65)
        #expect(try await Self.run(["inspect", "sqlite://\(folder.path)/nothing.db"]).code == 69)
        #expect(try await Self.run(["inspect", "mysql://root:secret@db/x"]).code == 78)
        #expect(try await Self.run(["migrate", url, url]).code == 78)
        let (bad, said) = try await Self.run(["migrate", url, target], Self.definition { _ in "3 things too many" })
        #expect(bad == 65)
        #expect(said.contains("3 things too many"))
        // Unfinished, so nobody serves it.
        #expect(try await Self.run(["inspect", target]).code == 78)
        let open = try await Self.open(in: folder)
        let (inUse, why) = try await Self.run(["migrate", url, "sqlite://\(folder.path)/other.db"])
        #expect(inUse == 69)
        #expect(why.contains("in use"))
        await open.stop(keep: true)
    }

    @Test("no password is ever said")
    func secrets() async throws {
        let (url, folder) = try await Self.store()
        defer { try? FileManager.default.removeItem(at: folder) }
        for other in ["postgres://me:geheim@127.0.0.1:1/x", "mysql://me:geheim@h/x", "postgres://me:geheim@127.0.0.1:1/x?sslmode=wrong"] {
            for arguments in [["migrate", url, other], ["migrate", other, url], ["inspect", other]] {
                let (code, said) = try await Self.run(arguments)
                #expect(code != 0)
                #expect(!said.contains("geheim"), "\(said)")
            }
        }
    }

    @Test("a backup takes the store's place; what was there is kept, and a log that it left behind is not played into it")
    func restore() async throws {
        let (url, folder) = try await Self.store()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = String(url.dropFirst("sqlite://".count))
        let backup = folder.appendingPathComponent("copy.db").path
        let house = try await Self.open(in: folder)
        try await house.house.store.backup(to: backup)
        try await house.house.write { _ = try $0.db.execute("DELETE FROM things") }
        // In use.
        #expect(try await Self.run(["restore", backup, url]).code == 69)
        // As after a kill -9: a file and its log.
        let crashed = folder.appendingPathComponent("crashed")
        try FileManager.default.createDirectory(at: crashed, withIntermediateDirectories: true)
        for rest in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + rest, toPath: crashed.path + "/referral.db" + rest)
        }
        await house.stop(keep: true)
        let (code, said) = try await Self.run(["restore", backup, "sqlite://\(crashed.path)/referral.db"])
        #expect(code == 0, "\(said)")
        func count(_ file: String) async throws -> Int64? {
            let store = try await Store.open(
                "sqlite://\(file)", migrations: [], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let count = try await store.read { try $0.first("SELECT COUNT(*) FROM things") { $0.int(0) } }
            await store.close()
            return count
        }
        #expect(try await count("\(crashed.path)/referral.db") == 500)
        #expect(try await count("\(crashed.path)/referral.db.before-restore") == 0)
        let permissions = try FileManager.default.attributesOfItem(atPath: "\(crashed.path)/referral.db")[.posixPermissions] as? NSNumber
        #expect(permissions?.intValue == 0o600)
    }

    @Test("a damaged backup, one of another service and one of a newer program are refused, and nothing is touched")
    func badBackups() async throws {
        let (url, folder) = try await Self.store()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = String(url.dropFirst("sqlite://".count))
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let damaged = folder.appendingPathComponent("damaged.db").path
        var bytes = before
        for index in stride(from: 4_096, to: bytes.count, by: 1) { bytes[index] = 0xA5 }
        try bytes.write(to: URL(fileURLWithPath: damaged))
        let (code, said) = try await Self.run(["restore", damaged, url])
        #expect(code == 65, "\(said)")
        let other = try await Self.store(Self.definition(.survey))
        defer { try? FileManager.default.removeItem(at: other.folder) }
        #expect(try await Self.run(["restore", other.folder.path + "/survey.db", url]).code == 65)
        let newer = ServiceDefinition(
            name: .referral,
            migrations: Self.definition().migrations + [Migration(2, "more") { _ in ["CREATE TABLE more (id TEXT PRIMARY KEY)"] }],
            routes: { _, _ in })
        let third = folder.appendingPathComponent("newer")
        await (try await Self.open(newer, in: third)).stop(keep: true)
        let (status, words) = try await Self.run(["restore", third.path + "/referral.db", url])
        #expect(status == 78)
        #expect(words.contains("number 2"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }
}
