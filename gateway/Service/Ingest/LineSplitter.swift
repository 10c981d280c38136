import NIOCore

/// Cuts a stream of bytes into lines, holding no more than one line of it. A line longer than the limit is skipped to its end and
/// reported in its place, so that one absurd line does not cost the rest.
final class LineSplitter {
    enum Line: Equatable {
        case text([UInt8])
        /// It was longer than the limit; its bytes are gone.
        case tooLong
    }

    let limit: Int
    private var carried: [UInt8] = []
    private var isSkipping = false

    init(limit: Int) {
        self.limit = limit
    }

    /// Bytes held over until the line's end comes.
    var bufferedBytes: Int { carried.count }

    /// Calls `body` with each line that ends in this piece of the stream. A carriage return before the end is not part of the line.
    func feed(_ piece: UnsafeRawBufferPointer, _ body: (Line) throws -> Void) rethrows {
        var rest = piece[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let part = rest[rest.startIndex..<end]
            rest = rest[(end + 1)...]
            keep(part)
            try body(takeLine())
        }
        keep(rest)
    }

    /// The last line, where the stream did not end with a line's end.
    func finish(_ body: (Line) throws -> Void) rethrows {
        if isSkipping || !carried.isEmpty { try body(takeLine()) }
    }

    private func keep(_ part: Slice<UnsafeRawBufferPointer>) {
        guard !isSkipping, !part.isEmpty else { return }
        if carried.count + part.count > limit + 1 {
            isSkipping = true
            carried = []
        } else {
            carried.append(contentsOf: UnsafeRawBufferPointer(rebasing: part))
        }
    }

    private func takeLine() -> Line {
        defer {
            carried.removeAll(keepingCapacity: carried.capacity <= 16_384)
            isSkipping = false
        }
        if isSkipping { return .tooLong }
        if carried.last == UInt8(ascii: "\r") { carried.removeLast() }
        return carried.count > limit ? .tooLong : .text(carried)
    }
}
