import AsyncHTTPClient
public import Foundation
import NIOCore
import NIOPosix
public import Shared
public import SharedRuntime
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The five executables as processes on loopback, with their stores where ``TestStores`` has them and their data in a temporary folder. Children
/// end with this process: their standard input is a pipe of it.
///
/// A service may run in several replicas on one store, numbered from 1, where the engine can be shared (`TestStores.isShared`). All of their
/// addresses are known to the others from the beginning, of those too that do not run just now.
public final class Suite: Sendable {
    public let folder: URL
    public let key: String
    private let environment: [String: String]
    private let ports: [Replica: Int]
    private let processes = Mutex<[Replica: Child]>([:])
    private let client: HTTPClient

    private struct Replica: Hashable {
        let service: ServiceName
        let number: Int
        /// `loyalty`, `loyalty-2`.
        var name: String { number == 1 ? service.rawValue : "\(service.rawValue)-\(number)" }
    }

    private struct Child {
        let process: Process
        let input: Pipe
    }

    /// Starts all five, each in as many replicas as `replicas` says (else one), and waits until the gateway can serve. `folder` of an earlier
    /// suite opens its stores again.
    public static func start(
        _ environment: [String: String] = [:], replicas: [ServiceName: Int] = [:], folder: URL? = nil
    ) async throws -> Suite {
        guard TestStores.isShared || replicas.values.allSatisfy({ $0 == 1 }) else {
            throw TestHouse.Unexpected(description: "an embedded store has no replicas")
        }
        let folder = folder ?? FileManager.default.temporaryDirectory.appendingPathComponent("vefa-suite-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let own = ServiceName.allCases.filter { environment["VEFA_\($0.rawValue.uppercased())_DATABASE_URL"] == nil }
        let values = try await TestStores.environment(folder: folder, own).merging(environment) { $1 }
        let suite = try Suite(values, replicas: replicas, folder: folder)
        do {
            for service in ServiceName.allCases {
                for number in 1...max(1, replicas[service] ?? 1) { try suite.launch(service, replica: number) }
            }
            try await suite.waitUntilReady()
        } catch {
            await suite.stop(keep: true)
            throw error
        }
        return suite
    }

    private init(_ environment: [String: String], replicas: [ServiceName: Int], folder: URL) throws {
        self.folder = folder
        key = environment["VEFA_BOOTSTRAP_SECRET_KEY"] ?? "sk_test_0123456789abcdefghijklmnopqrstuvwxyzABCD"
        let all = ServiceName.allCases.flatMap { service in
            (1...max(1, replicas[service] ?? 1)).map { Replica(service: service, number: $0) }
        }
        let ports = Dictionary(uniqueKeysWithValues: zip(all, try Self.freePorts(all.count)))
        self.ports = ports
        var values = [
            "VEFA_INTERNAL_KEY": TestHouse.key, "VEFA_LINK_KEY": TestHouse.key, "VEFA_DATA_DIR": folder.path,
            "VEFA_BOOTSTRAP_SECRET_KEY": key,
            "VEFA_PARENT_FD": "0", "NIO_SINGLETON_GROUP_LOOP_COUNT": "1", "VEFA_LOG_LEVEL": "notice", "VEFA_RATE_LIMIT": "off",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        ]
        for replica in all {
            let name = "VEFA_\(replica.service.rawValue.uppercased())_URL"
            let url = "http://127.0.0.1:\(ports[replica] ?? 0)"
            values[name] = values[name].map { "\($0),\(url)" } ?? url
        }
        values["VEFA_PUBLIC_URL"] = "http://127.0.0.1:\(ports[Replica(service: .gateway, number: 1)] ?? 0)"
        values.merge(environment) { $1 }
        self.environment = values
        // A service that is down shall be seen to be down at once.
        var settings = HTTPClient.Configuration()
        settings.connectionPool.retryConnectionEstablishment = false
        settings.timeout.connect = .seconds(5)
        settings.redirectConfiguration = .disallow
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    public var baseURL: String { "http://127.0.0.1:\(port(of: .gateway))" }

    /// 0 when the suite was not started with so many replicas.
    public func port(of service: ServiceName, replica number: Int = 1) -> Int { ports[Replica(service: service, number: number)] ?? 0 }

    // MARK: - Processes

    public func launch(_ service: ServiceName, replica number: Int = 1) throws {
        let replica = Replica(service: service, number: number)
        guard let port = ports[replica] else { throw TestHouse.Unexpected(description: "the suite has no \(replica.name)") }
        let process = Process()
        process.executableURL = Self.executable(of: service)
        var values = environment
        values["VEFA_PORT"] = String(port)
        process.environment = values
        let input = Pipe()
        process.standardInput = input
        let log = folder.appendingPathComponent("\(replica.name).log")
        if !FileManager.default.fileExists(atPath: log.path) { _ = FileManager.default.createFile(atPath: log.path, contents: nil) }
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        processes.withLock { $0[replica] = Child(process: process, input: input) }
    }

    /// kill -9, and waits until it is dead.
    public func kill(_ service: ServiceName, replica number: Int = 1) async throws {
        guard let child = take(service, number) else { return }
        Glibc.kill(child.process.processIdentifier, SIGKILL)
        try await until("\(service.rawValue) is dead") { !child.process.isRunning }
    }

    /// SIGTERM, and waits until it has drained; answers its exit code.
    @discardableResult
    public func terminate(_ service: ServiceName, replica number: Int = 1) async throws -> Int32 {
        guard let child = take(service, number) else { return 0 }
        child.process.terminate()
        try await until("\(service.rawValue) has drained", within: 30) { !child.process.isRunning }
        return child.process.terminationStatus
    }

    /// kill -9 and a new start at once, as a supervisor would. Waits for nothing but the death.
    public func crash(_ service: ServiceName, replica number: Int = 1) async throws {
        try await kill(service, replica: number)
        try launch(service, replica: number)
    }

    /// Closes the pipe that a child watches, as the death of its launcher would, and waits until it has ended; answers its exit code.
    public func abandon(_ service: ServiceName, replica number: Int = 1) async throws -> Int32 {
        guard let child = take(service, number) else { return 0 }
        try child.input.fileHandleForWriting.close()
        try await until("\(service.rawValue) has ended with its launcher", within: 30) { !child.process.isRunning }
        return child.process.terminationStatus
    }

    /// SIGSTOP: a child that is there and does nothing; SIGCONT lets it go on.
    public func pause(_ service: ServiceName, replica number: Int = 1) { if let id = processID(of: service, replica: number) { Glibc.kill(id, SIGSTOP) } }
    public func resume(_ service: ServiceName, replica number: Int = 1) { if let id = processID(of: service, replica: number) { Glibc.kill(id, SIGCONT) } }

    public func isRunning(_ service: ServiceName, replica number: Int = 1) -> Bool {
        processes.withLock { $0[Replica(service: service, number: number)]?.process.isRunning } ?? false
    }

    /// What a child has in memory now, in bytes; 0 when it is not there.
    public func residentMemory(of service: ServiceName, replica number: Int = 1) -> Int {
        guard let id = processID(of: service, replica: number), let status = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return 0 }
        return (line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) << 10
    }

    /// The end of what a child has logged.
    public func logTail(of service: ServiceName, replica number: Int = 1, lines: Int = 20) -> String {
        let name = Replica(service: service, number: number).name
        let text = (try? String(contentsOf: folder.appendingPathComponent("\(name).log"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    public func processID(of service: ServiceName, replica number: Int = 1) -> Int32? {
        processes.withLock { $0[Replica(service: service, number: number)]?.process.processIdentifier }
    }

    private func take(_ service: ServiceName, _ number: Int) -> Child? {
        processes.withLock { $0.removeValue(forKey: Replica(service: service, number: number)) }
    }

    public func waitUntilReady(within seconds: Double = 60) async throws {
        try await until("the suite is ready (\(folder.path))", within: seconds) {
            (try? await self.request("GET", "/readyz", key: nil))?.status == 200
        }
    }

    /// Stops all five; `keep` leaves stores and logs.
    public func stop(keep: Bool = false) async {
        let children = processes.withLock { all in
            defer { all = [:] }
            return all
        }
        for child in children.values { child.process.terminate() }
        for child in children.values {
            try? await until("a service has drained", within: 20) { !child.process.isRunning }
            // The number of a process that has ended may be somebody else's by now.
            if child.process.isRunning { Glibc.kill(child.process.processIdentifier, SIGKILL) }
        }
        try? await client.shutdown()
        if !keep { await TestStores.remove(folder) }
    }

    // MARK: - Requests

    public struct Answer: Sendable {
        public let status: Int
        public let headers: [String: String]
        public let body: [UInt8]
        public var json: JSON { (try? JSONParser.parse(body)) ?? .null }
        public var text: String { String(decoding: body, as: UTF8.self) }
        public var code: String? { json["code"]?.string }
    }

    /// A call to the gateway, or past it to one of the others; `key` nil sends none.
    public func request(
        _ method: String, _ path: String, body: [UInt8]? = nil, headers: [String: String] = [:], key: String?,
        to service: ServiceName = .gateway, replica number: Int = 1,
        seconds: Int64 = 130
    ) async throws -> Answer {
        var request = head(method, path, headers, key: key, to: port(of: service, replica: number))
        if let body {
            if headers["Content-Type"] == nil { request.headers.add(name: "Content-Type", value: "application/json") }
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        return try await answer(to: request, seconds: seconds)
    }

    /// A call whose body is sent in pieces as they come, without a length (chunked).
    public func stream<Pieces: AsyncSequence & Sendable>(
        _ path: String, _ pieces: Pieces, contentType: String = "application/x-ndjson", seconds: Int64 = 130
    ) async throws -> Answer where Pieces.Element == ByteBuffer {
        var request = head("POST", path, ["Content-Type": contentType], key: key, to: port(of: .gateway))
        request.body = .stream(pieces, length: .unknown)
        return try await answer(to: request, seconds: seconds)
    }

    private func head(
        _ method: String, _ path: String, _ headers: [String: String], key: String?, to port: Int
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)" + path)
        request.method = .init(rawValue: method)
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        return request
    }

    private func answer(to request: HTTPClientRequest, seconds: Int64) async throws -> Answer {
        let response = try await client.execute(request, timeout: .seconds(seconds))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(
            status: Int(response.status.code),
            headers: Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 }),
            body: Array(bytes.readableBytesView))
    }

    public func get(_ path: String) async throws -> Answer { try await request("GET", path, key: key) }

    public func post(_ path: String, _ json: JSON, headers: [String: String] = [:]) async throws -> Answer {
        try await request("POST", path, body: json.bytes, headers: headers, key: key)
    }

    public func put(_ path: String, _ json: JSON) async throws -> Answer { try await request("PUT", path, body: json.bytes, key: key) }

    /// Sends a batch of events until it is acknowledged, as a shop that loses its connection would.
    public func send(_ events: [CloudEvent], within seconds: Double = 60) async throws {
        let body = JSON.array(events.map(\.json)).bytes
        try await until("\(events.count) events are taken", within: seconds) {
            let answer = try? await self.request(
                "POST", "/v1/events", body: body, headers: ["Content-Type": "application/cloudevents-batch+json"], key: self.key,
                seconds: 10)
            return answer?.status == 202 && answer?.json["rejected"]?.array?.isEmpty == true
        }
    }

    // MARK: - Ground

    /// The program of a service, for what it can do besides serving.
    public static func executable(of service: ServiceName) -> URL {
        binaries.appendingPathComponent(service == .gateway ? "gateway" : "\(service.rawValue)-svc")
    }

    /// The folder the test bundle runs from holds the executables too.
    private static var binaries: URL {
        if let folder = ProcessInfo.processInfo.environment["VEFA_TEST_BIN_DIR"] { return URL(fileURLWithPath: folder) }
        return URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    }

    /// Ports below the ones that the system hands out to connections: while a service is down, a client's connection (its relays' own, even) could
    /// else be given the very port that the service is to listen on again.
    private static func freePorts(_ count: Int) throws -> [Int] {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        var ports: [Int] = []
        for _ in 0..<1_000 where ports.count < count {
            let port = Int.random(in: 12_000..<32_000)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            descriptors.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            address.sin_port = in_port_t(UInt16(port).bigEndian)
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if bound { ports.append(port) }
        }
        guard ports.count == count else { throw TestHouse.Unexpected(description: "no free port") }
        return ports
    }
}
