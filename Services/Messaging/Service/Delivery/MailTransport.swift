/// What became of one attempt to hand a mail over.
public enum DeliveryResult: Sendable, Equatable {
    /// The server (or the folder) has taken responsibility. `response` is its last reply line, such as "250 2.0.0 Ok: queued as 4F2A".
    case accepted(response: String)
    /// Not sent, and worth another try later: a 4xx reply, no connection, a refused login, a TLS problem, a time-out before the message's end
    /// was sent, or a cancelled attempt. `code` is the SMTP reply's code if the server gave one.
    case deferred(code: Int?, detail: String)
    /// The server refused this mail for good (5xx to the sender, the recipient or the message itself).
    case rejected(code: Int, detail: String)
    /// The whole message was out when the connection broke or fell silent: the server may have it or not. Sending again may send it twice.
    case unknown(detail: String)
}

/// A way for mails to leave the house. No detail it reports holds a password.
public protocol MailTransport: Sendable {
    /// Tries once to hand `mail` over. Never blocks the cooperative pool. A cancelled task gives up (`deferred`) unless the message is out
    /// already: then it waits for the server's answer, so that the result stays true.
    func deliver(_ mail: OutgoingMail) async -> DeliveryResult

    /// Takes no mails any more, gives up on those whose message is not out yet, waits for the others' answers and closes the connections.
    func shutdown() async
}

/// The transport for the configuration: SMTP where `smtpURL` (`VEFA_SMTP_URL`, forms in `SMTPServer`) is set, else `.eml` files under `folder`.
/// - Throws: `MailConfigurationError`, which never repeats any part of the URL that could hold a password.
public func makeMailTransport(smtpURL: String?, folder: String) throws(MailConfigurationError) -> any MailTransport {
    if let smtpURL, !smtpURL.isEmpty {
        return try SMTPTransport(server: SMTPServer(url: smtpURL))
    }
    return EmlTransport(folder: folder)
}
