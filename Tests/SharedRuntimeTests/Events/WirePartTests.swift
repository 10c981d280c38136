import Shared
import Testing

@testable import SharedRuntime

@Suite("Parts of a batch") struct WirePartTests {
    private func batch(_ positions: [Int64], from: Int64, to: Int64) throws -> Wire.Batch {
        try Wire.Batch([
            "publisher": "gateway", "epoch": "e", "from": .int(from), "to": .int(to),
            "events": .array(positions.map { ["position": .int($0), "event": ["id": .string("\($0)")]] }),
        ])
    }

    @Test("parts follow each other without a gap, hold every event once, and end where the batch ends")
    func parts() throws {
        let whole = try batch([3, 4, 8, 9, 12, 13, 14], from: 2, to: 20)
        let parts = whole.parts(of: 3)
        #expect(parts.map(\.from) == [2, 8, 13])
        #expect(parts.map(\.to) == [8, 13, 20])
        #expect(parts.flatMap { $0.events.map(\.position) } == [3, 4, 8, 9, 12, 13, 14])
    }

    @Test("a small or empty batch is one part")
    func one() throws {
        #expect(try batch([3], from: 2, to: 20).parts(of: 3).count == 1)
        #expect(try batch([], from: 2, to: 20).parts(of: 3).map(\.to) == [20])
    }
}
