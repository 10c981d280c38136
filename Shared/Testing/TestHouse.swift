public import Foundation
public import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
public import Shared
public import SharedRuntime
public import SharedStore
import Synchronization

/// One service in this process: a temporary store, a clock that stands still, its routes without a socket. No relays and no timer worker run:
/// a test delivers events and moves time itself.
public final class TestHouse: Sendable {
    public let house: House
    public let application: ServiceApplication
    public let folder: URL
    /// False where the store is another house's.
    private let ownsStore: Bool
    private let responder: RouterResponder<VefaContext>
    private let signer: PrincipalSigner
    /// Starts anew at every start, above what an earlier house on the same store has heard.
    private let position = Mutex<Int64>(VefaClock.machineNow.milliseconds * 1_000)

    public static let startOfTime = Timestamp(rfc3339: "2026-03-01T09:00:00Z") ?? .epoch
    public static let key = "a key only tests use, 32 bytes.."

    /// Opens the service, on the engine that ``TestStores`` names. `folder` of an earlier house opens its store again (a restart); `sharing` a
    /// house that runs makes this one its replica, where the engine can be shared (`TestStores.isShared`): stop it before the other.
    public static func start(
        _ definition: ServiceDefinition, at time: Timestamp = startOfTime, environment: [String: String] = [:], folder: URL? = nil,
        sharing other: TestHouse? = nil, logLevel: Logger.Level = .critical
    ) async throws -> TestHouse {
        guard other == nil || TestStores.isShared else { throw Unexpected(description: "an embedded store has no replicas") }
        let folder =
            other?.folder ?? folder ?? FileManager.default.temporaryDirectory.appendingPathComponent("vefa-\(UUID().uuidString)")
        var values = ["VEFA_INTERNAL_KEY": key, "VEFA_LINK_KEY": key, "VEFA_DATA_DIR": folder.path]
        if environment["VEFA_\(definition.name.rawValue.uppercased())_DATABASE_URL"] == nil {
            values.merge(try await TestStores.environment(folder: folder, [definition.name])) { $1 }
        }
        values.merge(environment) { $1 }
        let settings = values
        let configuration = try HouseConfiguration(definition.name) { settings[$0] }
        var logger = Logger(label: definition.name.rawValue) { _ in StreamLogHandler.standardError(label: "test") }
        logger.logLevel = logLevel
        let house = try await openHouse(definition, configuration: configuration, logger: logger, clock: VefaClock(frozenAt: time))
        do {
            try await definition.prepare(house)
        } catch {
            await house.store.close()
            await house.services.shutdown()
            throw error
        }
        return TestHouse(definition, house: house, folder: folder, ownsStore: other == nil)
    }

    private init(_ definition: ServiceDefinition, house: House, folder: URL, ownsStore: Bool) {
        self.house = house
        self.folder = folder
        self.ownsStore = ownsStore
        application = ServiceApplication(definition, house: house)
        responder = application.buildRouter().buildResponder()
        signer = PrincipalSigner(key: house.configuration.internalKey)
    }

    /// Closes the store; `keep` leaves it and its folder for another start.
    public func stop(keep: Bool = false) async {
        await house.store.close()
        await house.services.shutdown()
        if !keep, ownsStore { await TestStores.remove(folder) }
    }

    // MARK: - Requests

    public struct Answer: Sendable {
        public let status: Int
        public let headers: HTTPFields
        public let body: [UInt8]
        public var json: JSON { (try? JSONParser.parse(body)) ?? .null }
        public var text: String { String(decoding: body, as: UTF8.self) }
        /// The problem's code.
        public var code: String? { json["code"]?.string }
        /// The pointers of the problem's errors.
        public var pointers: [String] { json["errors"]?.array?.compactMap { $0["pointer"]?.string } ?? [] }
    }

    /// Sends a request through the service's routes, signed as the gateway would for a secret key; `principal` nil leaves it unsigned.
    public func request(
        _ method: HTTPRequest.Method, _ path: String, body: [UInt8] = [], headers: HTTPFields = [:],
        principal: Principal? = Principal(kind: .secret, keyID: "key_test")
    ) async throws -> Answer {
        var fields = headers
        if let principal { fields[.principal] = signer.header(for: principal) }
        if !body.isEmpty {
            if fields[.contentType] == nil { fields[.contentType] = "application/json" }
            fields[.contentLength] = String(body.count)
        }
        let head = HTTPRequest(method: method, scheme: "http", authority: "test", path: path, headerFields: fields)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
        let context = VefaContext(source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: house.logger))
        let response = try await responder.respond(to: request, context: context)
        let writer = CollectingWriter()
        try await response.body.write(writer)
        return Answer(status: response.status.code, headers: response.headers, body: writer.collected)
    }

    public func get(_ path: String, headers: HTTPFields = [:]) async throws -> Answer { try await request(.get, path, headers: headers) }

    public func post(_ path: String, _ json: JSON = .object(JSONObject()), headers: HTTPFields = [:]) async throws -> Answer {
        try await request(.post, path, body: json.bytes, headers: headers)
    }

    public func put(_ path: String, _ json: JSON, headers: HTTPFields = [:]) async throws -> Answer {
        try await request(.put, path, body: json.bytes, headers: headers)
    }

    public func patch(_ path: String, _ json: JSON, headers: HTTPFields = [:]) async throws -> Answer {
        try await request(.patch, path, body: json.bytes, headers: headers)
    }

    public func delete(_ path: String, headers: HTTPFields = [:]) async throws -> Answer { try await request(.delete, path, headers: headers) }

    // MARK: - Events

    /// Delivers events in one batch, as a publisher's relay would.
    public func deliver(_ events: [CloudEvent], from publisher: ServiceName = .gateway) async throws {
        let from = position.withLock { value in
            defer { value += Int64(events.count) }
            return value
        }
        // Each publisher would have its own positions; one count for all of them only leaves gaps, which are allowed.
        let items = events.enumerated().map { index, event -> JSON in ["position": .int(from + Int64(index) + 1), "event": event.json] }
        let batch: JSON = [
            "publisher": .string(publisher.rawValue), "epoch": "epoch_test", "from": 0, "to": .int(from + Int64(events.count)),
            "events": .array(items), "reports_after": 0,
        ]
        let answer = try await request(
            .post, "/internal/v1/events", body: batch.bytes, principal: Principal(kind: .service, keyID: "service"))
        guard answer.status == 200 else { throw Unexpected(description: "events were not taken: \(answer.status) \(answer.text)") }
    }

    public struct Unexpected: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// Everything this service has said so far, of one type or of all.
    public func said(_ type: String? = nil) async throws -> [CloudEvent] {
        try await number()
        return try await house.read { db in try db.all("SELECT body FROM outbox ORDER BY position") { CloudEvent(stored: $0.json(0)) } }
            .compactMap { $0 }.filter { type == nil || $0.type == type }
    }

    /// Gives what was said its positions: where the store is shared that happens after the commit, by a worker that does not run here.
    public func number() async throws {
        let outbox = house.outbox
        if house.store.dialect.isShared { try await house.store.claim { _ = try outbox.number(upTo: .max, $0) } }
    }

    /// Events that wait for another: their ids with the key they wait for.
    public func parked() async throws -> [String: String] {
        let rows = try await house.read { db in try db.all("SELECT id, waiting_for FROM inbox_parked") { ($0.text(0), $0.text(1)) } }
        return Dictionary(rows, uniquingKeysWith: { $1 })
    }

    /// Events that were refused: their ids with the code.
    public func refused() async throws -> [String: String] {
        let rows = try await house.read { db in try db.all("SELECT id, code FROM inbox_dead") { ($0.text(0), $0.text(1)) } }
        return Dictionary(rows, uniquingKeysWith: { $1 })
    }

    // MARK: - Time

    /// Moves the clock to `time`, stopping at every timer on the way and running it in its own time.
    public func advance(to time: Timestamp) async throws {
        _ = try await house.runDueTimers()
        while let due = try await house.nextTimerDue(), due <= time {
            if due > house.now { house.clock.set(due) }
            if try await house.runDueTimers() == 0 { break }
        }
        house.clock.set(time)
        _ = try await house.runDueTimers()
    }

    public func advance(seconds: Int64) async throws { try await advance(to: house.now.adding(seconds: seconds)) }
    public func advance(days: Int64) async throws { try await advance(to: house.now.adding(days: days)) }

    /// Runs what is due now.
    @discardableResult
    public func runDueTimers() async throws -> Int { try await house.runDueTimers() }
}

/// Collects a response's body.
private final class CollectingWriter: ResponseBodyWriter {
    private let bytes = Mutex<[UInt8]>([])
    var collected: [UInt8] { bytes.withLock { $0 } }

    func write(_ buffer: ByteBuffer) async throws { bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) } }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
