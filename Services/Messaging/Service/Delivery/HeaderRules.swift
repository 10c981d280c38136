/// What may stand in a header or an SMTP command. Everything from outside passes here before it is rendered.
enum HeaderRules {
    /// Headers that the message sets itself, or that decide who gets it.
    private static let own: Set<String> = [
        "date", "from", "sender", "to", "cc", "bcc", "reply-to", "subject", "message-id", "mime-version", "return-path", "received",
    ]
    private static let longestText = 8192
    /// An unfoldable word above this could pass RFC 5322's 998 characters a line with the header's name before them.
    private static let longestWord = 900
    private static let longestName = 64

    static func check(text: String, field: String) throws(InvalidMail) {
        guard !text.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) else { throw .lineBreak(field: field) }
        guard text.utf8.count <= longestText else { throw .tooLong(field: field) }
    }

    static func check(_ header: OutgoingMail.Header) throws(InvalidMail) {
        let name = header.name
        let lower = name.lowercased()
        guard !name.isEmpty, name.utf8.count <= longestName, name.utf8.allSatisfy({ (33...126).contains($0) && $0 != UInt8(ascii: ":") }),
            !own.contains(lower), !lower.hasPrefix("content-")
        else { throw .headerName(name) }
        try check(text: header.value, field: name)
        guard header.value.utf8.split(separator: UInt8(ascii: " ")).allSatisfy({ $0.count <= longestWord }) else {
            throw .tooLong(field: name)
        }
    }

    /// The dot-atom form of RFC 5321, 4.1.2 without quoted strings and address literals. Dots may stand anywhere in the local part: some
    /// telephone companies hand such addresses out.
    static func check(address: String) throws(InvalidMail) {
        guard address.utf8.allSatisfy({ $0 < 0x80 }) else { throw .internationalAddress(address) }
        let sides = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard sides.count == 2, !sides[0].isEmpty, address.utf8.count <= 254, sides[0].allSatisfy(isAtomOrDot), isDomain(sides[1]) else {
            throw .address(address)
        }
    }

    /// A message id doubles as a file's name, so it is held to what is plain in both.
    static func check(messageID: String) throws(InvalidMail) {
        let sides = messageID.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        let plain = { (byte: UInt8) in isLetterOrDigit(byte) || ".-_+=".utf8.contains(byte) }
        guard sides.count == 2, sides.allSatisfy({ !$0.isEmpty && $0.allSatisfy(plain) }), messageID.utf8.count <= 200,
            !messageID.hasPrefix(".")
        else { throw .messageID(messageID) }
    }

    /// RFC 5322, 3.2.3: what an unquoted word may consist of.
    static func isAtom(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }

    private static func isAtomOrDot(_ byte: UInt8) -> Bool {
        isAtom(byte) || byte == UInt8(ascii: ".")
    }

    private static func isDomain(_ domain: Substring.UTF8View) -> Bool {
        domain.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        }
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }
}
