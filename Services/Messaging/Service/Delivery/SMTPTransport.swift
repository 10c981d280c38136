import Glibc

/// Time-outs and the number of connections.
struct SMTPLimits: Sendable {
    /// Connections at once, each on its own thread.
    var connections = 4
    /// Milliseconds for the connection with greeting, TLS and login.
    var connectTimeout = 10_000
    /// Milliseconds for one whole delivery.
    var timeout = 60_000
    /// Milliseconds without a mail after which a connection is closed. Below the time-outs of the usual servers, so that they need not close it.
    var idle = 15_000
}

/// Hands mails to an SMTP server by libcurl. Connections stay open from mail to mail.
final class SMTPTransport: MailTransport {
    private let threads: MailThreads

    /// - Throws: `.certificateFile` where the URL names a CA file that cannot be read.
    init(server: SMTPServer, limits: SMTPLimits = SMTPLimits()) throws(MailConfigurationError) {
        if let file = server.certificateFile, access(file, R_OK) != 0 { throw .certificateFile(file) }
        threads = MailThreads(limit: limits.connections, restAfter: .milliseconds(limits.idle)) {
            SMTPSession(server: server, limits: limits)
        }
    }

    deinit { threads.stop() }

    func deliver(_ mail: OutgoingMail) async -> DeliveryResult { await threads.deliver(mail) }
    func shutdown() async { await threads.shutdown() }
}
