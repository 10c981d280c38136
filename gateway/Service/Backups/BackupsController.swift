import HTTPTypes
import Hummingbird
import Shared
import SharedRuntime
import SharedStore
import Synchronization

/// `/v1/backups`: every service writes a copy of its store into its own backup folder, while everything runs.
struct BackupsController: Sendable {
    /// Has one service go on with a copy; answers with how far it is.
    typealias Ask = @Sendable (_ service: ServiceName, _ id: String) async -> BackupPart

    let house: House
    let ask: Ask
    /// How long a caller waits for the end; what takes longer goes on.
    let patience: Duration

    init(house: House, patience: Duration = .seconds(120), ask: Ask? = nil) {
        self.house = house
        self.patience = patience
        self.ask = ask ?? { await Self.ask(house, $0, $1) }
    }

    func create(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { (input: CommandInput) async throws -> Backup in
            let issues = FieldIssues()
            FieldReader(body: input.body, issues: issues).refuseUnknown()
            try issues.throwIfAny()
            let backup = try await run()
            // An outage: it is not kept for the Idempotency-Key, so that the same call can try again.
            if backup.state == .incomplete { throw backup.problem }
            return backup
        } _: { (_: CommandInput, backup: Backup, _: Change) in
            Reply(backup.state == .complete ? .created : .accepted, backup.json, headers: [.location: "/v1/backups/\(backup.id)"])
        }
    }

    func show(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        let now = VefaClock.machineNow
        guard let backup = try await house.read({ try BackupStore.all($0).first { $0.id == id } }) else {
            throw Problem.notFound("backup \(id.prefix(64).debugDescription)")
        }
        return Reply(.ok, backup.seen(at: now).json)
    }

    // MARK: - Making one

    /// Begins a backup and waits for its end, but no longer than `patience`.
    private func run() async throws -> Backup {
        let services = ServiceName.allCases
        let backup = try await house.write { change in
            let now = VefaClock.machineNow
            if let other = try BackupStore.all(change.db).map({ $0.seen(at: now) }).first(where: { $0.state == .running }) {
                throw Problem.conflict("backup_in_progress", "\(other.id) is still being written.")
            }
            let backup = Backup.begin(services, at: now)
            try BackupStore.keep(backup, change.db)
            return backup
        }
        let ended = Ended()
        // Not the caller's: it goes on when the caller has gone.
        Task { ended.set(await write(backup, services)) }
        return await ended.wait(patience) ?? backup
    }

    /// Where a backup's end is waited for. (A task's value would be waited for to the end, patience or not.)
    private final class Ended: Sendable {
        private let backup = Mutex<Backup?>(nil)
        private let bell = Wakeup()

        func set(_ ended: Backup) {
            backup.withLock { $0 = ended }
            bell.signal()
        }

        func wait(_ patience: Duration) async -> Backup? {
            let parts = patience.components
            await bell.wait(milliseconds: parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000)
            return backup.withLock { $0 }
        }
    }

    private func write(_ backup: Backup, _ services: [ServiceName]) async -> Backup {
        var backup = backup
        await withTaskGroup(of: (Int, BackupPart)?.self) { group in
            for (index, service) in services.enumerated() {
                group.addTask { [id = backup.id] in
                    while true {
                        let part = await ask(service, id)
                        if part.state != .running { return (index, part) }
                    }
                }
            }
            var open = services.count
            group.addTask {
                try? await Task.sleep(for: .milliseconds(Backup.belief / 3))
                return nil
            }
            while open > 0, let finished = await group.next() {
                if let (index, part) = finished {
                    backup.parts[index] = part
                    open -= 1
                } else {
                    group.addTask {
                        try? await Task.sleep(for: .milliseconds(Backup.belief / 3))
                        return nil
                    }
                }
                if open > 0 { await keep(&backup) }
            }
            group.cancelAll()
        }
        backup.endedAt = VefaClock.machineNow
        await keep(&backup)
        let state = backup.state
        house.logger.notice("backup ended", metadata: ["backup": "\(backup.id)", "state": "\(state.rawValue)"])
        return backup
    }

    private func keep(_ backup: inout Backup) async {
        backup.believedUntil = VefaClock.machineNow.adding(milliseconds: Backup.belief)
        do {
            try await house.write { [backup] in try BackupStore.keep(backup, $0.db) }
        } catch {
            house.logger.warning("how far a backup is could not be kept", metadata: ["backup": "\(backup.id)", "reason": "\(error)"])
        }
    }

    private static func ask(_ house: House, _ service: ServiceName, _ id: String) async -> BackupPart {
        let name = service.rawValue
        do {
            if service == house.name { return try await house.backups.write(id, patience: .seconds(20)) }
            let answer = try await house.services.post(
                service, "/internal/v1/backups", body: (["id": .string(id)] as JSON).bytes, deadline: .seconds(45))
            return BackupPart(answer) ?? .failed(name, "upstream_unavailable", "Its answer could not be read.")
        } catch let problem as Problem {
            return .failed(name, problem.code, problem.detail ?? problem.title)
        } catch let error as ServiceCallError {
            house.logger.warning("a service did not write its backup", metadata: ["from": "\(name)", "reason": "\(error)"])
            if case .answered(let problem) = error.reason { return .failed(name, problem.code, problem.detail ?? problem.title) }
            return .failed(name, "upstream_unavailable", "The service did not answer.")
        } catch {
            return .failed(name, "backup_failed", "The copy could not be written.")
        }
    }
}
