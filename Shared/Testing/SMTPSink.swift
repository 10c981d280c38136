public import Foundation

/// A running Tests/Support/smtp_sink.py: a real SMTP server that keeps what it is sent. Ends with its `withSMTPSink`, or with this process.
public final class SMTPSink: @unchecked Sendable {
    /// A line of the sink's events.jsonl (see there).
    public struct Event: Decodable, Sendable {
        public let event: String
        public let connection: Int
        public var file: String?
        public var to: [String]?
        public var from: String?
        public var tls: Bool?
        public var user: String?
        public var accepted: Bool?
        public var messageId: String?
        public var subject: String?
        public var fromName: String?
        public var toName: String?
        public var text: String?
        public var html: String?
        public var headers: [[String]]?

        public func header(_ name: String) -> String? { headers?.first { $0[0] == name }?[1] }
    }

    private struct Ready: Decodable {
        let port: Int
        let ca: String?
    }

    public struct Failure: Error {
        public let reason: String
        public init(reason: String) { self.reason = reason }
    }

    public let folder: URL
    public private(set) var port = 0
    /// The file with the server's certificate, where it has one.
    public private(set) var ca: String?
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let reader = DispatchQueue(label: "smtp sink output")
    private var unread = Data()
    /// Ends when the process does.
    private let ended: AsyncStream<Void>

    private init() throws {
        let (ended, end) = AsyncStream<Void>.makeStream()
        self.ended = ended
        process.terminationHandler = { _ in end.finish() }
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-smtp-sink-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Starts one with the script's own arguments; returns once it listens.
    public static func start(_ arguments: [String]) async throws -> SMTPSink {
        let python = try await TestPython.path()
        let sink = try SMTPSink()
        let script = TestPython.support.appendingPathComponent("smtp_sink.py").path
        sink.process.executableURL = URL(fileURLWithPath: python)
        sink.process.arguments = [script, "--folder", sink.folder.path, "--exit-with-stdin"] + arguments
        sink.process.standardInput = sink.input
        sink.process.standardOutput = sink.output
        try sink.process.run()
        let ready = try JSONDecoder().decode(Ready.self, from: await sink.nextLine())
        sink.port = ready.port
        sink.ca = ready.ca
        return sink
    }

    /// Returns when the server is gone and its port closed. (Not by `waitUntilExit()`, which would hold a thread of the cooperative pool.)
    public func stop() async {
        process.terminate()
        for await _ in ended {}
    }

    public func removeFolder() { try? FileManager.default.removeItem(at: folder) }

    /// Everything that happened so far.
    public func events(_ kind: String? = nil) throws -> [Event] {
        let text = try Data(contentsOf: folder.appendingPathComponent("events.jsonl"))
        // The last line may be half written.
        let whole = text.lastIndex(of: UInt8(ascii: "\n")).map { text[..<$0] } ?? Data()
        let events = try whole.split(separator: UInt8(ascii: "\n")).map { try Self.event(Data($0)) }
        return events.filter { kind == nil || $0.event == kind }
    }

    public func bytes(of event: Event) throws -> Data {
        try Data(contentsOf: folder.appendingPathComponent(event.file ?? ""))
    }

    /// Waits for the next event of the kind; needs "--announce".
    public func next(_ kind: String) async throws -> Event {
        while true {
            let event = try Self.event(await nextLine())
            if event.event == kind { return event }
        }
    }

    private static func event(_ line: Data) throws -> Event {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Event.self, from: line)
    }

    private func nextLine() async throws -> Data {
        try await withCheckedThrowingContinuation { continuation in
            reader.async { [self] in
                while true {
                    if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                        let line = Data(unread[..<end])
                        unread = Data(unread[(end + 1)...])
                        return continuation.resume(returning: line)
                    }
                    let more = output.fileHandleForReading.availableData
                    if more.isEmpty { return continuation.resume(throwing: Failure(reason: "the SMTP sink ended: see above")) }
                    unread += more
                }
            }
        }
    }
}

/// The interpreter with aiosmtpd: VEFA_TEST_PYTHON, or a virtual environment made on first use (Tests/Support/ensure-python).
public enum TestPython {
    public static let support = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("Tests/Support")

    public static func path() async throws -> String { try await found.value }

    private static let found = Task {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<String, any Error>) in
            DispatchQueue.global().async { continuation.resume(with: Result { try ensure() }) }
        }
    }

    private static func ensure() throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = support.appendingPathComponent("ensure-python")
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw SMTPSink.Failure(reason: "Tests/Support/ensure-python failed: see above") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// A sink for the length of `body`.
public func withSMTPSink<Result>(_ arguments: String..., body: (SMTPSink) async throws -> Result) async throws -> Result {
    let sink = try await SMTPSink.start(arguments)
    defer { sink.removeFolder() }
    do {
        let result = try await body(sink)
        await sink.stop()
        return result
    } catch {
        await sink.stop()
        throw error
    }
}
