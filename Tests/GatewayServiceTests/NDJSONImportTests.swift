import NIOCore
import Shared
import SharedRuntime
import SharedStore
import SharedTesting
import Testing

@testable import GatewayService

@Suite("A stream of events", .serialized)
struct NDJSONImportTests {
    /// Makes its pieces one by one as they are asked for, cut without regard to lines.
    private struct Pieces: AsyncSequence, Sendable {
        let lines: Int
        let size: Int

        struct Iterator: AsyncIteratorProtocol {
            let lines: Int
            let size: Int
            var next = 0
            var rest: [UInt8] = []
            let halves = event("#", type: "order.placed", data: order("1")).text.split(separator: "#").map { Array($0.utf8) }

            mutating func next() async throws -> ByteBuffer? {
                while rest.count < size, next < lines {
                    rest += halves[0] + Array("e\(next)".utf8) + halves[1] + [0x0A]
                    next += 1
                }
                guard !rest.isEmpty else { return nil }
                let piece = ByteBuffer(bytes: rest.prefix(size))
                rest.removeFirst(Swift.min(size, rest.count))
                return piece
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator(lines: lines, size: size) }
    }

    @Test("50,000 lines are kept in order, in constant memory")
    func constantMemory() async throws {
        try await withGateway { gateway in
            let clock = gateway.test.house.clock
            let importer = NDJSONImport(journal: Journal(house: gateway.test.house), now: { clock.now })
            let report = try await importer.run(Pieces(lines: 50_000, size: 61_003))
            #expect(report.accepted == 50_000)
            #expect(report.rejectedCount == 0)
            #expect(importer.peakBytes < 1 << 20)
            try await gateway.test.number()
            let (count, ordered) = try await gateway.test.house.read { db in
                let count = try db.first("SELECT COUNT(*) FROM outbox") { $0.int(0) }
                let ordered = try db.first("SELECT id FROM outbox ORDER BY position LIMIT 1 OFFSET 31234") { $0.text(0) }
                return (count, ordered)
            }
            #expect(count == 50_000)
            #expect(ordered == "e31234")
        }
    }

    @Test("lines longer than a mebibyte are named and skipped; the rest is kept")
    func longLine() async throws {
        try await withGateway { gateway in
            let long = "{\"id\":\"" + String(repeating: "x", count: 3 << 20) + "\"}"
            let text = event("a").text + "\n" + long + "\n" + event("b").text
            let answer = try await gateway.call(.post, "/v1/events", Array(text.utf8), type: "application/x-ndjson")
            #expect(answer.json["accepted"] == 2)
            #expect(answer.json.at("rejected", "0", "code") == "too_large")
            #expect(answer.json.at("rejected", "0", "index") == 1)
            #expect(try await gateway.journal() == ["a", "b"])
        }
    }

    @Test("lines come out whole however the stream is cut", arguments: [1, 2, 3, 7, 64])
    func cuts(size: Int) {
        let text = Array("one\r\n\ntwo\nthree is long\nfour".utf8)
        let splitter = LineSplitter(limit: 8)
        var lines: [LineSplitter.Line] = []
        for start in stride(from: 0, to: text.count, by: size) {
            Array(text[start..<min(start + size, text.count)]).withUnsafeBytes { splitter.feed($0) { lines.append($0) } }
        }
        splitter.finish { lines.append($0) }
        #expect(lines == [.text(Array("one".utf8)), .text([]), .text(Array("two".utf8)), .tooLong, .text(Array("four".utf8))])
    }
}
