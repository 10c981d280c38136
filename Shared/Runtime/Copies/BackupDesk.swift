import Foundation
import Hummingbird
import Logging
public import Shared
import SharedStore
import Synchronization

/// What became of one service's copy.
public struct BackupPart: Sendable, Equatable {
    public enum State: String, Sendable {
        case running, done, failed
    }

    public var service: String
    public var state: State
    /// Where the copy is, on the machine of the service.
    public var file: String?
    public var bytes: Int64?
    public var milliseconds: Int64?
    /// Why there is none.
    public var code: String?
    public var detail: String?

    public init(service: String, state: State) {
        self.service = service
        self.state = state
    }

    public static func failed(_ service: String, _ code: String, _ detail: String) -> BackupPart {
        var part = BackupPart(service: service, state: .failed)
        part.code = code
        part.detail = detail
        return part
    }

    public var json: JSON {
        var members: [JSONObject.Member] = [
            .init(name: "service", value: .string(service)), .init(name: "state", value: .string(state.rawValue)),
        ]
        func add(_ name: String, _ value: JSON?) { if let value { members.append(.init(name: name, value: value)) } }
        add("file", file.map(JSON.string))
        add("bytes", bytes.map(JSON.int))
        add("milliseconds", milliseconds.map(JSON.int))
        add("code", code.map(JSON.string))
        add("detail", detail.map(JSON.string))
        return .object(JSONObject(members))
    }

    public init?(_ json: JSON) {
        guard let service = json["service"]?.string, let state = json["state"]?.string.flatMap(State.init) else { return nil }
        self.init(service: service, state: state)
        file = json["file"]?.string
        bytes = json["bytes"]?.int
        milliseconds = json["milliseconds"]?.int
        code = json["code"]?.string
        detail = json["detail"]?.string
    }
}

/// Writes copies of this service's store while it runs, one at a time, each under the name that whoever asks gives it.
public final class BackupDesk: Sendable {
    private let service: ServiceName
    private let store: Store
    private let folder: String
    private let logger: Logger
    private let leases: Leases
    private let latest = Mutex<(id: String, part: BackupPart)?>(nil)

    /// How an id begins: `backup_…`. Nothing but a TypeID is ever part of a path.
    public static let prefix = "backup"

    init(service: ServiceName, store: Store, leases: Leases, configuration: HouseConfiguration, logger: Logger) {
        self.leases = leases
        self.service = service
        self.store = store
        let chosen = configuration.value("VEFA_BACKUP_DIR") ?? "\(configuration.dataFolder)/backups"
        folder = chosen.hasPrefix("/") ? chosen : FileManager.default.currentDirectoryPath + "/" + chosen
        self.logger = logger
    }

    /// Begins the copy called `id`, or joins it, and waits up to `patience` for its end. A copy that takes longer goes on; asking again joins it.
    /// Throws 422 for what is no id, 409 `backup_in_progress` while another one is being written.
    public func write(_ id: String, patience: Duration) async throws -> BackupPart {
        guard TypeID.isValid(id, prefix: Self.prefix) else {
            throw Problem.invalid("/id", "invalid", "backup_ and 26 characters were expected")
        }
        let isKnown = latest.withLock { $0?.id == id && $0?.part.state != .failed }
        if !isKnown, leases.isShared, let part = try await others(id, patience) { return part }
        let isNew = try latest.withLock { latest in
            if let latest, latest.id == id, latest.part.state != .failed { return false }
            if let latest, latest.id != id, latest.part.state == .running {
                throw Problem.conflict("backup_in_progress", "\(service.rawValue) is still writing \(latest.id).")
            }
            latest = (id, BackupPart(service: service.rawValue, state: .running))
            return true
        }
        if isNew { Task { await copy(id) } }
        let deadline = ContinuousClock.now.advanced(by: patience)
        let wakeup = Wakeup()
        while true {
            let part = latest.withLock { $0.flatMap { $0.id == id ? $0.part : nil } }
            guard let part else { return .failed(service.rawValue, "interrupted", "The copy was not finished.") }
            guard part.state == .running, ContinuousClock.now < deadline else { return part }
            await wakeup.wait(milliseconds: 20)
        }
    }

    // MARK: - Beside replicas

    /// What `meta` says of the latest copy: which, and who writes it.
    private static let name = "backup"

    /// What another replica makes of the copy, waited for up to `patience`; nil when this one is to write it. The word of who does is given in one
    /// transaction, so that two who are asked at once do not both begin; who died meanwhile is relieved.
    private func others(_ id: String, _ patience: Duration) async throws -> BackupPart? {
        let deadline = ContinuousClock.now.advanced(by: patience)
        let (me, service) = (leases.replica, service)
        let wakeup = Wakeup()
        while true {
            let part = try await store.write { db -> BackupPart? in
                if let row = try db.first("SELECT content FROM meta WHERE name = \(Self.name)", { $0.json(0) }),
                    let part = row["part"].flatMap(BackupPart.init)
                {
                    let holder = row["holder"]?.string ?? ""
                    let isAlive = try db.exists("SELECT 1 FROM replicas WHERE replica = \(holder) AND seen_until > \(raw: db.dialect.sharedNow)")
                    let isRunning = part.state == .running && isAlive && holder != me
                    if row["id"]?.string == id, isRunning || part.state == .done { return part }
                    if isRunning {
                        throw Problem.conflict("backup_in_progress", "\(service.rawValue) is still writing \(row["id"]?.string ?? "another").")
                    }
                }
                try Self.note(id, BackupPart(service: service.rawValue, state: .running), me, db)
                return nil
            }
            guard let part, part.state == .running, ContinuousClock.now < deadline else { return part }
            await wakeup.wait(milliseconds: 200)
        }
    }

    private static func note(_ id: String, _ part: BackupPart, _ holder: String, _ db: SQLConnection) throws {
        let content: JSON = ["id": .string(id), "holder": .string(holder), "part": part.json]
        try db.execute(
            "INSERT INTO meta (name, content) VALUES (\(name), \(content)) ON CONFLICT (name) DO UPDATE SET content = excluded.content")
    }

    /// Tells the replicas what came of it. Where that fails the copy is there all the same, and who asks has it written again.
    private func tell(_ id: String, _ part: BackupPart) async {
        guard leases.isShared else { return }
        let me = leases.replica
        do {
            try await store.write { db in
                let row = try db.first("SELECT content FROM meta WHERE name = \(Self.name)") { $0.json(0) }
                if row?["id"]?.string == id, row?["holder"]?.string == me { try Self.note(id, part, me, db) }
            }
        } catch {
            logger.warning("the other replicas do not know of a backup's end", metadata: ["backup": "\(id)", "reason": "\(error)"])
        }
    }

    /// What a process that died left half written.
    private func clearDrafts() {
        let files = FileManager.default
        for backup in (try? files.contentsOfDirectory(atPath: folder)) ?? [] where TypeID.isValid(backup, prefix: Self.prefix) {
            for name in (try? files.contentsOfDirectory(atPath: "\(folder)/\(backup)")) ?? []
            where name.hasPrefix("\(service.rawValue).db.") && (name.contains(".copying") || name.hasSuffix(".partial")) {
                try? files.removeItem(atPath: "\(folder)/\(backup)/\(name)")
            }
        }
    }

    // MARK: - Writing

    private func copy(_ id: String) async {
        let began = ContinuousClock.now
        clearDrafts()
        let file = "\(folder)/\(id)/\(service.rawValue).db"
        var part = BackupPart(service: service.rawValue, state: .done)
        do {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(id)", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try await store.backup(to: file, rules: .house)
            part.file = file
            part.bytes = (try FileManager.default.attributesOfItem(atPath: file)[.size] as? NSNumber)?.int64Value
            let taken = began.duration(to: .now).components
            part.milliseconds = taken.seconds * 1_000 + taken.attoseconds / 1_000_000_000_000_000
            logger.info("backup written", metadata: ["backup": "\(id)", "bytes": "\(part.bytes ?? 0)"])
        } catch {
            logger.error("a backup could not be written", metadata: ["backup": "\(id)", "reason": "\(error)"])
            part =
                switch error {
                case StoreError.full: .failed(service.rawValue, "storage_full", "There is no space for the copy.")
                case let error as CocoaError where error.code == .fileWriteOutOfSpace:
                    .failed(service.rawValue, "storage_full", "There is no space for the copy.")
                case is CocoaError: .failed(service.rawValue, "backup_folder", "The folder for backups cannot be written.")
                case let error as StoreError where error.isOutage:
                    .failed(service.rawValue, "storage_unavailable", "The store or the folder for backups could not be reached.")
                default: .failed(service.rawValue, "backup_failed", "The copy could not be written; the service's log says why.")
                }
        }
        await tell(id, part)
        latest.withLock { [part] in $0 = (id, part) }
    }
}

extension HouseRoutes {
    /// How long a caller is kept waiting before it is told that the copy goes on.
    private static let patience = Duration.seconds(20)

    /// `{"id": "backup_…"}`: writes a copy of this service's store. Answers with what became of it, `running` where that takes longer: ask again.
    func backup(_ request: Request) async throws -> Reply {
        guard let id = try await request.json()["id"]?.string else { throw Problem.invalid("/id", "missing", "the backup's id") }
        return Reply(.ok, try await house.backups.write(id, patience: Self.patience).json)
    }
}
