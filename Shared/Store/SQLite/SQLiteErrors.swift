internal import GRDB
internal import GRDBSQLite

extension StoreError {
    /// The meaning of an SQLite result code. `message` is the library's: it names columns and constraints, never values.
    init(sqlite code: Int32, message: String) {
        switch code & 0xFF {
        case SQLITE_CONSTRAINT:
            let subject = message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? message
            switch code {
            case Self.primaryKey, Self.unique, Self.rowID: self = .uniqueViolation(subject)
            default: self = .constraint(message)
            }
        case SQLITE_BUSY, SQLITE_LOCKED: self = .busy
        case SQLITE_FULL: self = .full
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH, SQLITE_NOLFS, SQLITE_PROTOCOL:
            self = .io("\(message) (SQLite \(code))")
        case SQLITE_NOMEM: self = .unavailable("out of memory")
        case SQLITE_INTERRUPT, SQLITE_ABORT: self = .unavailable("interrupted")
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT: self = .corrupt("\(message) (SQLite \(code))")
        default: self = .misuse("\(message) (SQLite \(code))")
        }
    }

    /// An error of GRDB's while opening or closing.
    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError:
            self.init(sqlite: error.extendedResultCode.rawValue, message: error.message ?? "no message")
        default: self = .io("\(type(of: error))")
        }
    }

    // The extended codes are macros that Swift does not import.
    private static let primaryKey = SQLITE_CONSTRAINT | (6 << 8)
    private static let unique = SQLITE_CONSTRAINT | (8 << 8)
    private static let rowID = SQLITE_CONSTRAINT | (10 << 8)
}
