import NIOCore
import Shared

/// The events of one JSON body, read and judged: one event, or an array of them.
struct EventBatch: Sendable {
    /// True for a lone event, whose errors are the call's errors.
    let isSingle: Bool
    var good: [Candidate] = []
    var report = IngestReport()

    /// - Throws: `Problem` 400 when the body as a whole is not JSON.
    init(_ body: ByteBuffer, now: Timestamp) throws {
        self = try body.withUnsafeReadableBytes { raw in
            try raw.withMemoryRebound(to: UInt8.self) { try EventBatch($0, now: now) }
        }
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) throws {
        let text = bytes.trimmed
        isSingle = text.first != UInt8(ascii: "[")
        do {
            if !isSingle {
                var index = 0
                _ = try JSONParser.eachElement(bytes) { value, range in
                    take(value, UnsafeBufferPointer(rebasing: bytes[range]), index, now)
                    index += 1
                }
            } else if text.count > EventReader.maximumBytes {
                // What is too large anyway is not worth taking apart.
                report.reject(0, id: nil, [EventReader.tooLarge])
            } else {
                take(try JSONParser.parse(text), text, 0, now)
            }
        } catch {
            throw Problem.malformed("Not JSON: \(error).")
        }
    }

    private mutating func take(_ json: JSON, _ text: UnsafeBufferPointer<UInt8>, _ index: Int, _ now: Timestamp) {
        switch EventReader.read(json, text: text, now: now) {
        case .good(let candidate): good.append(candidate)
        case .bad(let id, let issues): report.reject(index, id: id, issues)
        }
    }

    /// The refusal of a lone event that is wrong: every error, and the same figures that a batch has.
    var refusal: Problem? {
        guard isSingle, let rejection = report.rejected.first else { return nil }
        var problem = Problem.invalid(rejection.issues)
        problem.extensions = report.members
        return problem
    }

    /// The events in pieces that fit one transaction each, in order.
    var chunks: [ArraySlice<Candidate>] {
        var chunks: [ArraySlice<Candidate>] = []
        var start = 0
        var bytes = 0
        for (index, candidate) in good.enumerated() {
            bytes += candidate.body.utf8.count
            if index + 1 - start >= Journal.chunkEvents || bytes >= Journal.chunkBytes {
                chunks.append(good[start...index])
                start = index + 1
                bytes = 0
            }
        }
        if start < good.count { chunks.append(good[start...]) }
        return chunks
    }
}
