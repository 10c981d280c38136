internal import GRDBSQLite

/// A prepared statement. Belongs to one session and its thread.
final class SQLiteStatement: RowReader {
    let handle: OpaquePointer
    let parameterCount: Int
    let isReadOnly: Bool
    /// Set while its rows are being read: a query inside a query must not share it.
    var isInUse = false
    /// When it was last asked for, in counts of the cache.
    var lastUse: UInt64 = 0

    init(handle: OpaquePointer) {
        self.handle = handle
        parameterCount = Int(sqlite3_bind_parameter_count(handle))
        isReadOnly = sqlite3_stmt_readonly(handle) != 0
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// SQLite copies what it is given: the values need not outlive the call.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// Binds all values and returns SQLite's result code.
    func bind(_ values: [SQLValue]) -> Int32 {
        var column: Int32 = 0
        for value in values {
            column += 1
            let code: Int32
            switch value {
            case .null: code = sqlite3_bind_null(handle, column)
            case .int(let number): code = sqlite3_bind_int64(handle, column, number)
            case .double(let number): code = sqlite3_bind_double(handle, column, number)
            case .text(var text):
                // With its length: a text may hold U+0000.
                code = text.withUTF8 { utf8 in
                    utf8.withMemoryRebound(to: CChar.self) {
                        // An empty text has no address, which would bind NULL.
                        guard let address = $0.baseAddress, !$0.isEmpty else {
                            return sqlite3_bind_text(handle, column, "", 0, Self.copied)
                        }
                        return sqlite3_bind_text64(handle, column, address, UInt64($0.count), Self.copied, UInt8(SQLITE_UTF8))
                    }
                }
            case .bytes(let bytes):
                code = bytes.withUnsafeBytes {
                    guard let address = $0.baseAddress, !$0.isEmpty else { return sqlite3_bind_zeroblob(handle, column, 0) }
                    return sqlite3_bind_blob64(handle, column, address, UInt64($0.count), Self.copied)
                }
            }
            if code != SQLITE_OK { return code }
        }
        return SQLITE_OK
    }

    /// Makes it ready for the next use and lets go of the bound values.
    func reset() {
        sqlite3_reset(handle)
        if parameterCount > 0 { sqlite3_clear_bindings(handle) }
    }

    // MARK: - The row it stands on

    func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, Int32(truncatingIfNeeded: column)) == SQLITE_NULL }
    func int(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(truncatingIfNeeded: column)) }
    func double(_ column: Int) -> Double { sqlite3_column_double(handle, Int32(truncatingIfNeeded: column)) }

    func text(_ column: Int) -> String {
        let column = Int32(truncatingIfNeeded: column)
        // The text before its length: asking for it may convert the value.
        guard let start = sqlite3_column_text(handle, column) else { return "" }
        return String(decoding: UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))), as: UTF8.self)
    }

    func bytes(_ column: Int) -> [UInt8] {
        let column = Int32(truncatingIfNeeded: column)
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }

    func value(_ column: Int) -> SQLValue {
        switch sqlite3_column_type(handle, Int32(truncatingIfNeeded: column)) {
        case SQLITE_NULL: .null
        case SQLITE_INTEGER: .int(int(column))
        case SQLITE_FLOAT: .double(double(column))
        case SQLITE_BLOB: .bytes(bytes(column))
        default: .text(text(column))
        }
    }
}
