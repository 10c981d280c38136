/// Writes header lines: folded at 76 columns where there is a space to fold at, CRLF at the end, other languages as encoded words (RFC 2047).
struct HeaderWriter {
    private(set) var bytes: [UInt8] = []
    private var column = 0
    private var isFirstWord = true
    private static let width = 76

    /// A header of plain ASCII words, such as a date, an id or a media type with parameters.
    mutating func field(_ name: String, words: String...) {
        begin(name)
        for word in words { append(word: Array(word.utf8)) }
        end()
    }

    /// A header with an address and, before it, its name.
    mutating func field(_ name: String, mailbox: Mailbox) {
        begin(name)
        if let display = mailbox.name {
            for word in Self.phrase(display) { append(word: word) }
            append(word: Array("<\(mailbox.address)>".utf8))
        } else {
            append(word: Array(mailbox.address.utf8))
        }
        end()
    }

    /// A header of free text (RFC 5322: "unstructured") that a person reads.
    mutating func field(_ name: String, text: String) {
        begin(name)
        for word in Self.isPlain(text) ? Self.words(text) : Self.encodedWords(text) { append(word: word) }
        end()
    }

    /// A header that programs read: ASCII goes out as it is whatever its words' length, for an encoded List-Unsubscribe would not be understood.
    mutating func field(_ name: String, value: String) {
        begin(name)
        let isASCII = value.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
        for word in isASCII ? Self.words(value) : Self.encodedWords(value) { append(word: word) }
        end()
    }

    /// The empty line between the headers and the body.
    mutating func endOfHeaders() { bytes += [0x0D, 0x0A] }

    private mutating func begin(_ name: String) {
        bytes += Array(name.utf8) + [UInt8(ascii: ":")]
        column = name.utf8.count + 1
        isFirstWord = true
    }

    private mutating func append(word: [UInt8]) {
        // The first word stays beside the header's name: some readers take a name alone on its line for an empty header.
        if !isFirstWord, column + 1 + word.count > Self.width {
            bytes += [0x0D, 0x0A]
            column = 0
        }
        bytes.append(UInt8(ascii: " "))
        bytes += word
        column += 1 + word.count
        isFirstWord = false
    }

    private mutating func end() { bytes += [0x0D, 0x0A] }
}

extension HeaderWriter {
    /// Longest encoded word we write; RFC 2047 allows 75, and the header's name stands on the first one's line.
    private static let longestEncodedWord = 60

    private static func words(_ text: String) -> [[UInt8]] {
        text.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }).map { Array($0) }
    }

    /// Whether a reader shows the text unchanged without encoding: printable ASCII, single spaces, foldable, and nothing that looks encoded.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?")
            && text.utf8.split(separator: 0x20, omittingEmptySubsequences: false).allSatisfy { (1...longestEncodedWord).contains($0.count) }
    }

    /// A display name: atoms as they are, a quoted string where punctuation asks for it, encoded words for the rest.
    private static func phrase(_ name: String) -> [[UInt8]] {
        guard isPlain(name) else { return encodedWords(name) }
        let words = words(name)
        if words.allSatisfy({ $0.allSatisfy(HeaderRules.isAtom) }) { return words }
        guard name.utf8.count <= longestEncodedWord else { return encodedWords(name) }
        var quoted = [UInt8(ascii: "\"")]
        for byte in name.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { quoted.append(UInt8(ascii: "\\")) }
            quoted.append(byte)
        }
        return [quoted + [UInt8(ascii: "\"")]]
    }

    /// The text as "Q" encoded words (RFC 2047, 4.2 with the strict set of 5 (3), right in phrases too), never splitting a character.
    /// Readers drop the white space between neighbours, so the spaces are inside.
    private static func encodedWords(_ text: String) -> [[UInt8]] {
        let opening = Array("=?UTF-8?Q?".utf8)
        let closing = Array("?=".utf8)
        var words: [[UInt8]] = []
        var word = opening
        for scalar in text.unicodeScalars {
            var encoded: [UInt8] = []
            for byte in String(scalar).utf8 {
                if HeaderRules.isLetterOrDigit(byte) || "!*+-/".utf8.contains(byte) {
                    encoded.append(byte)
                } else if byte == 0x20 {
                    encoded.append(UInt8(ascii: "_"))
                } else {
                    encoded += QuotedPrintable.escaped(byte)
                }
            }
            if word.count + encoded.count + closing.count > longestEncodedWord {
                words.append(word + closing)
                word = opening
            }
            word += encoded
        }
        if word.count > opening.count { words.append(word + closing) }
        return words
    }
}
