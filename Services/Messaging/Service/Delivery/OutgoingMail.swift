/// Why a mail was refused before anybody tried to send it. Refused, not repaired: a line break in a name or a subject is an attack or a bug.
public enum InvalidMail: Error, Equatable, Sendable {
    /// CR, LF or NUL in a name, subject or header (`field` says which): it could smuggle in another header.
    case lineBreak(field: String)
    /// Not an address we can send to: needs one `@`, something on both sides, at most 254 characters, and no character that would need quoting.
    case address(String)
    /// An address outside ASCII: it would need a server with SMTPUTF8 (RFC 6531), which is not used.
    case internationalAddress(String)
    /// Not `left@right` of at most 200 ASCII letters, digits and `. - _ + =`, without the angle brackets, or one that begins with a dot.
    case messageID(String)
    /// Not a header name (RFC 5322, 2.2), or one that the message itself sets.
    case headerName(String)
    /// A value that cannot be folded into lines of 998 characters, or is absurdly long.
    case tooLong(field: String)
    /// Milliseconds before 1970 or past the year 9999.
    case date(Int64)
}

/// A name and an address (RFC 5322, 3.4), known to be safe in a header and in an SMTP command.
public struct Mailbox: Sendable, Hashable {
    /// What a mail reader shows; any language.
    public let name: String?
    /// `local@domain`, ASCII.
    public let address: String

    public init(name: String? = nil, address: String) throws(InvalidMail) {
        if let name { try HeaderRules.check(text: name, field: "name") }
        try HeaderRules.check(address: address)
        self.name = name.flatMap { $0.isEmpty ? nil : $0 }
        self.address = address
    }
}

/// One mail to one recipient. Whoever holds one holds a mail that can be rendered and cannot inject a header: the initialiser refuses the rest.
public struct OutgoingMail: Sendable, Equatable {
    /// A header beyond the ones every mail has, such as List-Unsubscribe.
    public struct Header: Sendable, Equatable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Without the angle brackets. Also the name of the `.eml` file.
    public let messageID: String
    public let from: Mailbox
    public let to: Mailbox
    public let replyTo: Mailbox?
    public let subject: String
    public let text: String
    public let html: String
    /// Milliseconds since 1970 (UTC).
    public let date: Int64
    public let headers: [Header]

    public init(
        messageID: String, from: Mailbox, to: Mailbox, replyTo: Mailbox? = nil, subject: String, text: String, html: String, date: Int64,
        headers: [Header] = []
    ) throws(InvalidMail) {
        try HeaderRules.check(messageID: messageID)
        try HeaderRules.check(text: subject, field: "Subject")
        for header in headers { try HeaderRules.check(header) }
        guard (0..<MailDate.end).contains(date) else { throw .date(date) }
        self.messageID = messageID
        self.from = from
        self.to = to
        self.replyTo = replyTo
        self.subject = subject
        self.text = text
        self.html = html
        self.date = date
        self.headers = headers
    }
}
