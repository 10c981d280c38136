#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The lock by which one process owns a store: `<path>.lock`, held for as long as this object lives. The system lets go of it when the
/// process dies.
///
/// The file stays behind: removing it would let two processes each hold a lock on a file of that name.
final class SQLiteLock: Sendable {
    private let file: Int32

    init(storePath: String) throws {
        let path = storePath + ".lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SQLiteFiles.failure("opening the store's lock file") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno == EWOULDBLOCK ? Self.held(path, file) : SQLiteFiles.failure("locking the store")
            _ = close(file)
            throw error
        }
        // Only now: once it is set, a throw would run `deinit` and close a number that may be another file's by then.
        self.file = file
        let owner = Array("\(getpid())\n".utf8)
        // For people and for the message below; the lock holds without it.
        _ = ftruncate(file, 0)
        _ = owner.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
    }

    deinit {
        _ = close(file)
    }

    private static func held(_ path: String, _ file: Int32) -> StoreError {
        var buffer = [UInt8](repeating: 0, count: 24)
        let count = buffer.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
        let owner = Int32(String(decoding: buffer.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self))
        let store = path.dropLast(".lock".count)
        return switch owner {
        // In containers every service tends to have the same number, so this may as well be its twin's.
        case .some(getpid()): .locked("the store \(store) is in use by this process already, or by one in another container")
        case .some(let owner): .locked("the store \(store) is in use by another process (\(owner))")
        case nil: .locked("the store \(store) is in use by another process")
        }
    }
}
