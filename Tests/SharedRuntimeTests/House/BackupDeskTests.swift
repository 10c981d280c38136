import Foundation
import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("A service writes a copy of its store when another of the five asks")
struct BackupDeskTests {
    private static let definition = ServiceDefinition(name: .survey, migrations: [], routes: { _, _ in })
    private static let service = Principal(kind: .service, keyID: "service")

    private static func ask(_ house: TestHouse, _ id: String, as principal: Principal? = service) async throws -> TestHouse.Answer {
        let body: JSON = ["id": .string(id)]
        return try await house.request(.post, "/internal/v1/backups", body: body.bytes, principal: principal)
    }

    @Test("the copy lies in a folder of its own, for its owner only, and opens as a store")
    func copy() async throws {
        let house = try await TestHouse.start(Self.definition)
        let id = TypeID.make(BackupDesk.prefix, at: VefaClock.machineNow)
        let answer = try await Self.ask(house, id)
        #expect(answer.json["state"] == "done", "\(answer.text)")
        let file = try #require(answer.json["file"]?.string)
        #expect(file == "\(house.folder.path)/backups/\(id)/survey.db")
        let size = try FileManager.default.attributesOfItem(atPath: file)
        #expect((size[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect((size[.size] as? NSNumber)?.int64Value == answer.json["bytes"]?.int)
        let folder = try FileManager.default.attributesOfItem(atPath: (file as NSString).deletingLastPathComponent)
        #expect((folder[.posixPermissions] as? NSNumber)?.intValue == 0o700)
        // Asked again it is the same copy.
        let written = size[.modificationDate] as? Date
        #expect(try await Self.ask(house, id).json == answer.json)
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date == written)
        await house.stop()
    }

    @Test("only one of the five may ask, and only by an id that was made for it")
    func doors() async throws {
        let house = try await TestHouse.start(Self.definition)
        let id = TypeID.make(BackupDesk.prefix, at: VefaClock.machineNow)
        #expect(try await Self.ask(house, id, as: nil).status == 401)
        #expect(try await Self.ask(house, id, as: Principal(kind: .secret, keyID: "key_test")).status == 403)
        for wrong in ["", "..", "../../etc", "backup_", "backup_/../x", id + "/..", id.uppercased(), "key_" + id.dropFirst(7)] {
            let answer = try await Self.ask(house, wrong)
            #expect(answer.status == 422, "\(wrong)")
            #expect(answer.pointers == ["/id"])
        }
        #expect(!FileManager.default.fileExists(atPath: house.folder.path + "/backups"))
        await house.stop()
    }

    @Test("a folder that cannot be written is told, and the next try can succeed")
    func unwritable() async throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-backup-\(UUID().uuidString)")
        try Data().write(to: base)
        defer { try? FileManager.default.removeItem(at: base) }
        let house = try await TestHouse.start(Self.definition, environment: ["VEFA_BACKUP_DIR": base.path])
        let id = TypeID.make(BackupDesk.prefix, at: VefaClock.machineNow)
        let refused = try await Self.ask(house, id)
        #expect(refused.json["state"] == "failed")
        #expect(refused.json["code"] == "backup_folder")
        #expect(!refused.text.contains(base.path))
        try FileManager.default.removeItem(at: base)
        #expect(try await Self.ask(house, id).json["state"] == "done")
        await house.stop()
    }

    @Test("of two replicas that are asked for one copy one writes it, and both know of its end", .enabled(if: TestStores.isShared))
    func replicas() async throws {
        let first = try await TestHouse.start(Self.definition)
        let second = try await TestHouse.start(Self.definition, sharing: first)
        for house in [first, second] { try await house.house.leases.keep() }
        let id = TypeID.make(BackupDesk.prefix, at: VefaClock.machineNow)
        async let one = Self.ask(first, id)
        async let other = Self.ask(second, id)
        let answers = try await [one.json, other.json]
        #expect(answers.allSatisfy { $0["state"] == "done" }, "\(answers)")
        #expect(answers[0] == answers[1])
        let later = TypeID.make(BackupDesk.prefix, at: VefaClock.machineNow)
        #expect(try await Self.ask(second, later).json["state"] == "done")
        // A replica that died while it wrote is relieved.
        try await first.house.write { change in
            try change.db.execute("UPDATE meta SET content = replace(replace(content, 'done', 'running'), 'replica_', 'gone_') WHERE name = 'backup'")
        }
        #expect(try await Self.ask(first, later).json["state"] == "done")
        await second.stop()
        await first.stop()
    }
}
