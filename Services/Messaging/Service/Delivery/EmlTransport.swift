import Glibc

/// Keeps mails as files instead of sending them: `<folder>/<yyyy-mm-dd>/<message id>.eml`, the day in UTC by the mail's own date. The bytes are
/// what SMTP would have sent. A file is there whole or not at all, and once `accepted` it survives a power cut. The same mail again
/// replaces its file. Only the owner may read them: they hold what customers get.
final class EmlTransport: MailTransport {
    private let threads: MailThreads

    init(folder: String) {
        threads = MailThreads(limit: 4, restAfter: .never) { EmlWriter(folder: folder) }
    }

    deinit { threads.stop() }

    func deliver(_ mail: OutgoingMail) async -> DeliveryResult { await threads.deliver(mail) }
    func shutdown() async { await threads.shutdown() }

    /// Where a mail's file stands below the folder.
    static func path(of mail: OutgoingMail) -> String {
        "\(MailDate(milliseconds: mail.date).folder)/\(mail.messageID).eml"
    }
}

/// Writes one mail after the other on its thread.
private final class EmlWriter: MailWorker {
    private struct Failure: Error {
        let detail: String
        /// Reads `errno`, so it is made right after the call that failed.
        init(_ action: String, _ path: String) { detail = "cannot \(action) \(path): \(String(cString: strerror(errno)))" }
    }

    private let folder: String

    init(folder: String) { self.folder = folder }

    func rest() {}

    func send(_ job: MailJob) -> DeliveryResult {
        if job.isCancelled { return .deferred(code: nil, detail: "cancelled before it was sent") }
        let path = EmlTransport.path(of: job.mail)
        let day = "\(folder)/\(MailDate(milliseconds: job.mail.date).folder)"
        // The address makes the name this thread's own; a mail's two deliveries at once cannot meet in one file.
        let temporary = "\(day)/.\(job.mail.messageID).\(getpid()).\(UInt(bitPattern: ObjectIdentifier(self))).tmp"
        do throws(Failure) {
            try makeFolder(day)
            try write(job.mail.message(), to: temporary)
            guard rename(temporary, "\(folder)/\(path)") == 0 else {
                let failure = Failure("rename", temporary)
                unlink(temporary)
                throw failure
            }
            try sync(folder: day)
            return .accepted(response: "kept as \(path)")
        } catch {
            return .deferred(code: nil, detail: error.detail)
        }
    }

    private func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure("create", path) }
        var offset = 0
        var failure: Failure?
        while offset < bytes.count, failure == nil {
            let written = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress.map { $0 + offset }, bytes.count - offset) }
            if written > 0 { offset += written } else if errno != EINTR { failure = Failure("write", path) }
        }
        if failure == nil, fsync(file) != 0 { failure = Failure("sync", path) }
        close(file)
        if let failure {
            unlink(path)
            throw failure
        }
    }

    /// Makes the folder and those above it where missing.
    private func makeFolder(_ path: String) throws(Failure) {
        if access(path, F_OK) == 0 { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            let parent = String(path[..<slash])
            try makeFolder(parent)
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure("create", path) }
            try sync(folder: parent)
        } else {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure("create", path) }
        }
    }

    /// A new name in a folder is only sure to stay once the folder itself is on disk.
    private func sync(folder path: String) throws(Failure) {
        let file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw Failure("open", path) }
        let status = fsync(file)
        let failure = Failure("sync", path)
        close(file)
        guard status == 0 else { throw failure }
    }
}
