#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The few file operations a store needs, for its owner's eyes only (0700 and 0600).
enum SQLiteFiles {
    /// The folder of a path, without the last slash.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return path.hasPrefix("/") ? "/" : "." }
        return String(path[..<slash])
    }

    /// Makes a folder and those above it where they are missing.
    static func makeFolder(_ path: String) throws {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, path != "/", path != "." else { throw failure("making the store's folder") }
        try makeFolder(folder(of: path))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("making the store's folder") }
    }

    /// Makes an empty file, readable by its owner only, unless there is one.
    static func makeFile(_ path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("opening the store's file") }
        _ = close(file)
    }

    /// Waits until a file's (or folder's) content is on disk.
    static func synchronize(_ path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("opening a copy") }
        defer { _ = close(file) }
        guard fsync(file) == 0 else { throw failure("writing a copy to disk") }
    }

    static func replace(_ path: String, with newer: String) throws {
        guard rename(newer, path) == 0 else { throw failure("naming a copy") }
    }

    /// A second name for a file.
    static func link(_ path: String, as other: String) throws {
        guard Glibc.link(path, other) == 0 else { throw failure("keeping the former store") }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func remove(_ path: String) {
        _ = unlink(path)
    }

    static func failure(_ deed: String) -> StoreError {
        let code = errno
        if code == ENOSPC || code == EDQUOT { return .full }
        return .io("\(deed): \(String(cString: strerror(code)))")
    }
}
