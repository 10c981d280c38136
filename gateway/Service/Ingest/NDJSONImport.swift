import NIOCore
import Shared

/// Takes in a stream of events, one a line, of any length. Holds one chunk being read, one being written, and at most one line besides:
/// what comes faster than the disk takes it stays in the client's hands.
final class NDJSONImport {
    /// The longest line, in bytes.
    static let maximumLine = EventReader.maximumBytes

    private let journal: Journal
    private let now: @Sendable () -> Timestamp

    private let splitter = LineSplitter(limit: NDJSONImport.maximumLine)
    private var report = IngestReport()
    private var chunk: [Candidate] = []
    private var chunkBytes = 0
    private var bytesInFlight = 0
    private var isWriting = false
    private var index = 0
    private var line = 0

    /// The most bytes of events that were held at once.
    private(set) var peakBytes = 0

    init(journal: Journal, now: @escaping @Sendable () -> Timestamp) {
        self.journal = journal
        self.now = now
    }

    /// Reads `body` to its end. Events go to disk in the order of their lines. When writing fails, what came before is kept but not
    /// acknowledged: the caller sends it again, and what is there counts as a duplicate.
    func run<Body: AsyncSequence>(_ body: Body) async throws -> IngestReport where Body.Element == ByteBuffer {
        try await withThrowingTaskGroup(of: Journal.Kept.self) { group in
            for try await piece in body {
                take(piece)
                if isChunkFull { try await flush(&group) }
            }
            splitter.finish { take($0, now()) }
            try await flush(&group)
            try await awaitWrite(&group)
            return report
        }
    }

    // MARK: - Reading

    private var isChunkFull: Bool { chunk.count >= Journal.chunkEvents || chunkBytes >= Journal.chunkBytes }

    private func take(_ piece: ByteBuffer) {
        let time = now()
        piece.withUnsafeReadableBytes { bytes in
            splitter.feed(bytes) { take($0, time) }
        }
        peakBytes = max(peakBytes, chunkBytes + bytesInFlight + splitter.bufferedBytes)
    }

    private func take(_ line: LineSplitter.Line, _ time: Timestamp) {
        self.line += 1
        switch line {
        case .tooLong:
            reject(nil, FieldIssue(pointer: "", code: "too_large", detail: "a line may have at most \(Self.maximumLine) bytes"))
        case .text(let bytes):
            bytes.withUnsafeBufferPointer { take($0.trimmed, time) }
        }
    }

    private func take(_ text: UnsafeBufferPointer<UInt8>, _ time: Timestamp) {
        guard !text.isEmpty else { return }
        do {
            switch EventReader.read(try JSONParser.parse(text), text: text, now: time) {
            case .good(let candidate):
                chunk.append(candidate)
                chunkBytes += text.count
                index += 1
            case .bad(let id, let issues):
                report.reject(index, line: line, id: id, issues)
                index += 1
            }
        } catch {
            reject(nil, FieldIssue(pointer: "", code: "malformed", detail: "not JSON: \(error)"))
        }
    }

    private func reject(_ id: String?, _ issue: FieldIssue) {
        report.reject(index, line: line, id: id, [issue])
        index += 1
    }

    // MARK: - Writing

    /// Hands the chunk over to be written, once the one before is on disk: they stay in order, and no more than one waits.
    private func flush(_ group: inout ThrowingTaskGroup<Journal.Kept, any Error>) async throws {
        guard !chunk.isEmpty else { return }
        try await awaitWrite(&group)
        let full = chunk
        bytesInFlight = chunkBytes
        chunk = []
        chunk.reserveCapacity(Journal.chunkEvents)
        chunkBytes = 0
        isWriting = true
        group.addTask { [journal] in try await journal.keep(full) }
    }

    private func awaitWrite(_ group: inout ThrowingTaskGroup<Journal.Kept, any Error>) async throws {
        guard isWriting, let kept = try await group.next() else { return }
        isWriting = false
        bytesInFlight = 0
        report.add(kept)
    }
}
