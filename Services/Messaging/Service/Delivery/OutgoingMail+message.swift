extension OutgoingMail {
    /// The mail as it goes over the wire and into `.eml` files: an RFC 5322 message of text and HTML (multipart/alternative, quoted-printable),
    /// ASCII throughout, lines ended by CRLF, not dot-stuffed. The same mail gives the same bytes every time.
    ///
    /// We render it, and libcurl sends it. libcurl's own MIME builder can only write into a transfer: the .eml transport would need a second
    /// renderer, with two messages to keep alike, and a retry would get another random boundary. libcurl still does the dot-stuffing.
    func message() -> [UInt8] {
        var headers = HeaderWriter()
        headers.field("Date", words: MailDate(milliseconds: date).header)
        headers.field("From", mailbox: from)
        if let replyTo { headers.field("Reply-To", mailbox: replyTo) }
        headers.field("To", mailbox: to)
        headers.field("Subject", text: subject)
        headers.field("Message-ID", words: "<\(messageID)>")
        for header in self.headers { headers.field(header.name, value: header.value) }
        headers.field("MIME-Version", words: "1.0")
        headers.field("Content-Type", words: "multipart/alternative;", "boundary=\"\(Self.boundary)\"")
        headers.endOfHeaders()

        var message = headers.bytes
        Self.append(part: text, type: "text/plain", to: &message)
        Self.append(part: html, type: "text/html", to: &message)
        message += Array("--\(Self.boundary)--\r\n".utf8)
        return message
    }

    /// "=_" cannot occur in quoted-printable text (RFC 2045, 6.7), so no body can hold the boundary.
    private static let boundary = "=_vefa_alternative"

    private static func append(part: String, type: String, to message: inout [UInt8]) {
        message += Array("--\(boundary)\r\n".utf8)
        var headers = HeaderWriter()
        headers.field("Content-Type", words: "\(type);", "charset=utf-8")
        headers.field("Content-Transfer-Encoding", words: "quoted-printable")
        headers.endOfHeaders()
        message += headers.bytes
        QuotedPrintable.append(part, to: &message)
        // The line break before a boundary belongs to the boundary; this one keeps the text's own last line break.
        message += [0x0D, 0x0A]
    }
}
