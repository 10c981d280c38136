import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import Shared
import SharedStore
import SharedTesting
import Synchronization

@testable import SharedRuntime

/// One service of this process as it runs in its own: server, relays, timer worker.
final class RunningHouse: Sendable {
    static let key = "another key only tests use, 32 b"
    /// Where nobody listens.
    static let nowhere = 9

    let house: House
    let port: Int
    let folder: URL
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    /// Starts it on `port` (0: a free one). `urls` says at which ports the others are; those left out are nowhere.
    static func start(
        _ definition: ServiceDefinition, port: Int = 0, urls: [ServiceName: Int] = [:], folder: URL, environment: [String: String] = [:],
        clock: VefaClock = VefaClock(), prepare: @Sendable (House) async throws -> Void = { _ in }
    ) async throws -> RunningHouse {
        var values = ["VEFA_INTERNAL_KEY": key, "VEFA_LINK_KEY": key, "VEFA_DATA_DIR": folder.path, "VEFA_PORT": String(port)]
        for service in ServiceName.allCases {
            values["VEFA_\(service.rawValue.uppercased())_URL"] = "http://127.0.0.1:\(urls[service] ?? nowhere)"
        }
        values.merge(try await TestStores.environment(folder: folder, [definition.name])) { $1 }
        values.merge(environment) { $1 }
        let settings = values
        let configuration = try HouseConfiguration(definition.name) { settings[$0] }
        let house = try await openHouse(definition, configuration: configuration, logger: silent, clock: clock)
        do {
            try await prepare(house)
            try await definition.prepare(house)
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            let application = try ServiceApplication(definition, house: house).buildApplication { channel in
                port.yield(channel.localAddress?.port ?? 0)
            }
            let group = ServiceGroup(configuration: .init(services: [.init(service: application)], logger: silent))
            let task = Task {
                defer { port.finish() }
                try await group.run()
            }
            guard let bound = await ports.first(where: { _ in true }) else {
                try await task.value
                throw TestHouse.Unexpected(description: "the server ended at once")
            }
            return RunningHouse(house: house, port: bound, folder: folder, group: group, task: task)
        } catch {
            await house.store.close()
            await house.services.shutdown()
            throw error
        }
    }

    private init(house: House, port: Int, folder: URL, group: ServiceGroup, task: Task<Void, any Error>) {
        self.house = house
        self.port = port
        self.folder = folder
        self.group = group
        self.task = task
    }

    /// Drains and closes, as SIGTERM would.
    func stop() async throws {
        await group.triggerGracefulShutdown()
        let result = await task.result
        await house.store.close()
        await house.services.shutdown()
        try result.get()
    }

    /// Copies the store while it is in use.
    func copyStore() async throws -> TestStores.Copy { try await TestStores.copy(house.store, of: house.name, in: folder) }
}

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` with a folder that is gone afterwards, and the stores of the services in it too.
func withFolder<T>(_ body: (URL) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-runtime-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do {
        let result = try await body(folder)
        await TestStores.remove(folder)
        return result
    } catch {
        await TestStores.remove(folder)
        throw error
    }
}

/// A service that does nothing of its own.
func plain(
    _ name: ServiceName, timers: TimerHandlers = TimerHandlers(), routes: @escaping ServiceDefinition.Routes = { _, _ in }
) -> ServiceDefinition {
    ServiceDefinition(name: name, migrations: [], timers: timers, routes: routes)
}

/// A value that tests and handlers share.
final class Shelf<Value: Sendable>: Sendable {
    private let held: Mutex<Value>

    init(_ value: Value) { held = Mutex(value) }

    var value: Value {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }

    func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        held.withLock { value in body(&value) }
    }
}

extension House {
    /// Says `count` events of one type in one transaction; their ids are `<prefix>1`, `<prefix>2` …
    func say(_ type: String, _ count: Int = 1, prefix: String, data: JSON = [:]) async throws {
        try await write { change in
            for number in 0..<count { try change.emit(type, subject: nil, data: data, id: "\(prefix)\(number + 1)") }
        }
    }

    func count(_ table: String) async throws -> Int64 {
        try await read { try $0.first("SELECT COUNT(*) FROM \(raw: table)") { $0.int(0) } ?? 0 }
    }
}

/// What came of `body`, so that a test can tidy up before it fails.
func outcome<T>(_ body: () async throws -> T) async -> Result<T, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}
