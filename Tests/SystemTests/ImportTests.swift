import NIOCore
import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("A long import", .onOneSuite())
    struct ImportTests {
        /// 20,000 lines; together several times what the gateway may grow by.
        private static let lines = 20_000
        private static let padding = 2_000
        private static let mostGrowth = 40 << 20

        @Test("20,000 events as a stream: taken in without being held, in order, and reported line by line")
        func streamed() async throws {
            let suite = try Running.suite()
            let shop = Shop("import")
            let warmUp = try await suite.stream("/v1/events", Lines(500) { shop.line($0, prefix: "warm", padding: Self.padding) })
            try #require(warmUp.status == 202, "\(warmUp.text)")

            let before = suite.residentMemory(of: .gateway)
            let most = Counter()
            let answer = try await suite.stream(
                "/v1/events",
                Lines(Self.lines) { index in
                    if index % 500 == 0 { most.raise(to: suite.residentMemory(of: .gateway)) }
                    // One line in the middle is broken, and named in the answer.
                    return index == 12_345
                        ? ByteBuffer(string: "{\"specversion\": \"1.0\", \n") : shop.line(index, prefix: "line", padding: Self.padding)
                })
            try #require(answer.status == 202, "\(answer.text)")
            #expect(answer.json["accepted"]?.int == Int64(Self.lines - 1))
            #expect(answer.json["rejected"]?.array?.count == 1)
            #expect(answer.json.at("rejected", "0", "index") == 12_345)
            most.raise(to: suite.residentMemory(of: .gateway))
            #expect(most.value - before <= Self.mostGrowth, "grew from \(before >> 20) to \(most.value >> 20) MB")
            try await suite.untilDone(shop.custom("line-\(Self.lines - 1)"), within: 120)
            #expect(try await suite.get("/v1/events/line-0").status == 200)
        }
    }
}

extension Shop {
    fileprivate func line(_ index: Int, prefix: String, padding: Int) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: custom("\(prefix)-\(index)", padding: padding).json.bytes)
        buffer.writeInteger(UInt8(ascii: "\n"))
        return buffer
    }
}

/// Lines made as they are asked for.
private struct Lines: AsyncSequence, Sendable {
    let count: Int
    let make: @Sendable (Int) -> ByteBuffer

    init(_ count: Int, _ make: @escaping @Sendable (Int) -> ByteBuffer) {
        self.count = count
        self.make = make
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        let lines: Lines
        var index = 0

        mutating func next() async -> ByteBuffer? {
            guard index < lines.count else { return nil }
            defer { index += 1 }
            return lines.make(index)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(lines: self) }
}
