/// Finds the links of a mail's HTML and puts others in their place.
public enum LinkRewriter {
    /// Every `href` of an `<a>` (or `<area>`) is handed to `replace`, its entities decoded; nil leaves it as it is. Comments (Outlook's conditional ones
    /// too) and everything else stay byte for byte. It reads any text and never fails.
    public static func rewrite(_ html: String, replace: (String) -> String?) -> String {
        let bytes = Array(html.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 1_024)
        var index = 0
        var copied = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "<") else {
                index += 1
                continue
            }
            if starts(bytes, index, with: "<!--") {
                index = end(of: "-->", in: bytes, from: index + 4)
                continue
            }
            guard let attributes = attributesOfLink(bytes, at: index) else {
                index += 1
                continue
            }
            index = attributes
            while let attribute = nextAttribute(bytes, &index) {
                guard attribute.isHref else { continue }
                let value = String(decoding: bytes[attribute.value], as: UTF8.self)
                guard let replacement = replace(PlainText.decodeEntities(value.trimmingSpaces)) else { continue }
                output += bytes[copied..<attribute.whole.lowerBound]
                output += Array("\"\(escape(replacement))\"".utf8)
                copied = attribute.whole.upperBound
            }
        }
        output += bytes[copied...]
        return String(decoding: output, as: UTF8.self)
    }

    /// Puts markup before the end of the body, or at the very end where there is none.
    public static func append(_ markup: String, to html: String) -> String {
        let bytes = Array(html.utf8)
        var index = bytes.count - 7
        while index >= 0 {
            if bytes[index] == UInt8(ascii: "<"), starts(bytes, index, with: "</body") {
                return String(decoding: bytes[..<index], as: UTF8.self) + markup + String(decoding: bytes[index...], as: UTF8.self)
            }
            index -= 1
        }
        return html + markup
    }

    private struct Attribute {
        var isHref: Bool
        /// Without its quotes.
        var value: Range<Int>
        /// With them.
        var whole: Range<Int>
    }

    /// Where the attributes of the `<a` at `index` begin; nil for any other tag.
    private static func attributesOfLink(_ bytes: [UInt8], at index: Int) -> Int? {
        for name in ["<area", "<a"] where starts(bytes, index, with: name) {
            let after = index + name.utf8.count
            if after < bytes.count, isSpace(bytes[after]) { return after }
        }
        return nil
    }

    /// The next attribute of the tag; nil at its end, which `index` is then behind.
    private static func nextAttribute(_ bytes: [UInt8], _ index: inout Int) -> Attribute? {
        while index < bytes.count, isSpace(bytes[index]) || bytes[index] == UInt8(ascii: "/") { index += 1 }
        guard index < bytes.count, bytes[index] != UInt8(ascii: ">") else {
            index = min(index + 1, bytes.count)
            return nil
        }
        let start = index
        while index < bytes.count, !isSpace(bytes[index]), bytes[index] != UInt8(ascii: "="), bytes[index] != UInt8(ascii: ">"),
            index == start || bytes[index] != UInt8(ascii: "/")
        { index += 1 }
        // An equals sign at the very start belongs to the name, as browsers have it; so the loop always moves on.
        if index == start { index += 1 }
        let isHref = String(decoding: bytes[start..<index], as: UTF8.self).lowercased() == "href"
        var next = index
        while next < bytes.count, isSpace(bytes[next]) { next += 1 }
        guard next < bytes.count, bytes[next] == UInt8(ascii: "=") else {
            return Attribute(isHref: false, value: index..<index, whole: index..<index)
        }
        next += 1
        while next < bytes.count, isSpace(bytes[next]) { next += 1 }
        guard next < bytes.count else {
            index = next
            return nil
        }
        let first = bytes[next]
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            guard let close = bytes[(next + 1)...].firstIndex(of: first) else {
                index = bytes.count
                return nil
            }
            index = close + 1
            return Attribute(isHref: isHref, value: (next + 1)..<close, whole: next..<(close + 1))
        }
        let open = next
        while next < bytes.count, !isSpace(bytes[next]), bytes[next] != UInt8(ascii: ">") { next += 1 }
        index = next
        return Attribute(isHref: isHref, value: open..<next, whole: open..<next)
    }

    /// Without regard to case; `text` is lower-case.
    private static func starts(_ bytes: [UInt8], _ index: Int, with text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard index + wanted.count <= bytes.count else { return false }
        return zip(bytes[index...], wanted).allSatisfy { byte, letter in
            byte == letter || ((0x61...0x7A).contains(letter) && byte | 0x20 == letter)
        }
    }

    private static func end(of text: String, in bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            if starts(bytes, index, with: text) { return index + text.utf8.count }
            index += 1
        }
        return bytes.count
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(byte) }

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
