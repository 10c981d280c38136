/// RFC 2045, 6.7: text as ASCII lines of at most 76 characters.
enum QuotedPrintable {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// `=XX`.
    static func escaped(_ byte: UInt8) -> [UInt8] {
        [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    /// Appends `text` in UTF-8. Any kind of line break becomes CRLF; the last line always ends with one.
    static func append(_ text: String, to output: inout [UInt8]) {
        let bytes = Array(text.utf8)
        output.reserveCapacity(output.count + bytes.count + bytes.count / 4)
        var column = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == 0x0D || byte == 0x0A {
                if byte == 0x0D, index < bytes.count, bytes[index] == 0x0A { index += 1 }
                output += [0x0D, 0x0A]
                column = 0
                continue
            }
            // A space at a line's end is escaped: servers on the way may strip it.
            let endsLine = index == bytes.count || bytes[index] == 0x0D || bytes[index] == 0x0A
            let isLiteral = (33...126).contains(byte) && byte != UInt8(ascii: "=") || ((byte == 0x20 || byte == 0x09) && !endsLine)
            let width = isLiteral ? 1 : 3
            if column + width > 75 {
                output += [UInt8(ascii: "="), 0x0D, 0x0A]
                column = 0
            }
            if isLiteral {
                output.append(byte)
            } else {
                output += escaped(byte)
            }
            column += width
        }
        if column > 0 { output += [0x0D, 0x0A] }
    }
}
