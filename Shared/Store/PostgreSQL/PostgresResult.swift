#if Postgres
    internal import CLibPQ

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// A whole answer of the server, on the client's side, and the row a query stands on. Values are in text form, which says the same for every
    /// type of number; what is not a text is read as SQLite reads it.
    final class PostgresResult: RowReader {
        private let handle: OpaquePointer
        let columns: Int
        let rows: Int
        private var row: Int32 = 0

        init(_ handle: OpaquePointer) {
            self.handle = handle
            rows = Int(PQntuples(handle))
            columns = Int(PQnfields(handle))
        }

        deinit {
            PQclear(handle)
        }

        func stand(on row: Int) { self.row = Int32(truncatingIfNeeded: row) }

        /// `INSERT 0 3`, `SELECT 1`, `COMMIT`.
        var tag: String { String(cString: PQcmdStatus(handle)) }

        /// Whether the statement was one that only reads: without making a text of the tag, for every statement is asked.
        var isSelect: Bool {
            guard let tag = PQcmdStatus(handle) else { return false }
            return strncmp(tag, "SELECT", 6) == 0
        }

        /// The rows it inserted, updated or deleted.
        var changes: Int {
            guard let space = tag.lastIndex(of: " "), !tag.hasPrefix("SELECT") else { return 0 }
            return Int(tag[tag.index(after: space)...]) ?? 0
        }

        // MARK: - The row it stands on

        private enum Kind {
            case integer, real, bool, bytes, text
        }

        /// By the type's number in PostgreSQL's catalogue, which never changes.
        private func kind(_ column: Int32) -> Kind {
            switch PQftype(handle, column) {
            case 20, 21, 23, 26: .integer
            case 700, 701, 1700: .real
            case 16: .bool
            case 17: .bytes
            default: .text
            }
        }

        /// The value's characters; nil for NULL and for a column that there is not.
        private func value(_ column: Int) -> UnsafeBufferPointer<UInt8>? {
            guard column >= 0, column < columns else { return nil }
            let column = Int32(truncatingIfNeeded: column)
            guard PQgetisnull(handle, row, column) == 0, let start = PQgetvalue(handle, row, column) else { return nil }
            let count = Int(PQgetlength(handle, row, column))
            return UnsafeBufferPointer(start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: count)
        }

        func isNull(_ column: Int) -> Bool { value(column) == nil }

        func int(_ column: Int) -> Int64 {
            guard let value = value(column) else { return 0 }
            switch kind(Int32(truncatingIfNeeded: column)) {
            case .integer, .text, .bytes: return Self.leadingInteger(value)
            case .bool: return value.first == UInt8(ascii: "t") ? 1 : 0
            case .real:
                let text = String(decoding: value, as: UTF8.self)
                if let whole = Int64(text) { return whole }
                return Double(text).map(Self.truncated) ?? 0
            }
        }

        func double(_ column: Int) -> Double {
            guard let value = value(column) else { return 0 }
            if kind(Int32(truncatingIfNeeded: column)) == .bool { return value.first == UInt8(ascii: "t") ? 1 : 0 }
            // A text that is no number as a whole counts for what it begins with, as the integers do.
            return Double(String(decoding: value, as: UTF8.self)) ?? Double(Self.leadingInteger(value))
        }

        func text(_ column: Int) -> String {
            guard let value = value(column) else { return "" }
            if kind(Int32(truncatingIfNeeded: column)) == .bool { return value.first == UInt8(ascii: "t") ? "1" : "0" }
            return String(decoding: value, as: UTF8.self)
        }

        func bytes(_ column: Int) -> [UInt8] {
            guard let value = value(column) else { return [] }
            guard kind(Int32(truncatingIfNeeded: column)) == .bytes, value.count >= 2, value[0] == UInt8(ascii: "\\") else {
                return Array(value)
            }
            // \x00ff00
            var bytes: [UInt8] = []
            bytes.reserveCapacity(value.count / 2)
            var index = 2
            while index + 1 < value.count {
                bytes.append(Self.nibble(value[index]) << 4 | Self.nibble(value[index + 1]))
                index += 2
            }
            return bytes
        }

        func value(_ column: Int) -> SQLValue {
            if isNull(column) { return .null }
            return switch kind(Int32(truncatingIfNeeded: column)) {
            case .integer, .bool: .int(int(column))
            case .real: .double(double(column))
            case .bytes: .bytes(bytes(column))
            case .text: .text(text(column))
            }
        }

        private static func nibble(_ digit: UInt8) -> UInt8 {
            digit >= UInt8(ascii: "a") ? digit &- UInt8(ascii: "a") &+ 10 : digit &- UInt8(ascii: "0")
        }

        /// `12 apples` → 12, as SQLite casts; stays at the ends of the range.
        private static func leadingInteger(_ text: UnsafeBufferPointer<UInt8>) -> Int64 {
            var digits = text[...].drop { $0 == UInt8(ascii: " ") }
            let isNegative = digits.first == UInt8(ascii: "-")
            if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
            var number: Int64 = 0
            for digit in digits {
                guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { break }
                let (tens, over) = number.multipliedReportingOverflow(by: 10)
                let unit = Int64(digit - UInt8(ascii: "0"))
                let (sum, overToo) = isNegative ? tens.subtractingReportingOverflow(unit) : tens.addingReportingOverflow(unit)
                if over || overToo { return isNegative ? .min : .max }
                number = sum
            }
            return number
        }

        private static func truncated(_ number: Double) -> Int64 {
            Int64(exactly: number.rounded(.towardZero)) ?? (number > 0 ? .max : number < 0 ? .min : 0)
        }
    }
#endif
