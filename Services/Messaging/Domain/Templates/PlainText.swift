/// The plain part of a mail whose author wrote none, from its HTML.
public enum PlainText {
    /// Paragraphs, headings, rows and list items become lines, a link keeps its address behind its words, what is hidden (style, script,
    /// head, preheader by `display:none`) is left out. It reads any text and never fails: what is no HTML comes out as it went in.
    public static func from(html: String) -> String {
        var writer = Writer()
        var rest = html[...]
        while let open = rest.firstIndex(of: "<") {
            writer.text(String(rest[..<open]))
            guard let close = rest[open...].firstIndex(of: ">") else {
                writer.text(String(rest[open...]))
                rest = ""
                break
            }
            let tag = rest[rest.index(after: open)..<close]
            if tag.hasPrefix("!--"), let end = rest[open...].firstRange(of: "-->") {
                rest = rest[end.upperBound...]
            } else {
                writer.tag(tag)
                rest = rest[rest.index(after: close)...]
            }
        }
        writer.text(String(rest))
        return writer.finish()
    }

    private struct Writer {
        private var lines: [String] = [""]
        private var hidden: [String] = []
        private var links: [String] = []

        mutating func text(_ raw: String) {
            guard hidden.isEmpty else { return }
            let decoded = PlainText.decodeEntities(raw)
            for piece in decoded.split(whereSeparator: \.isWhitespace) {
                let needsSpace = lines[lines.count - 1].last.map { $0 != " " } ?? false
                lines[lines.count - 1] += (needsSpace && startsApart(decoded, piece) ? " " : "") + piece
            }
            if decoded.last?.isWhitespace == true, lines[lines.count - 1].last.map({ $0 != " " }) ?? false { lines[lines.count - 1] += " " }
        }

        /// The first word of a text joins what stands before it unless white space came between.
        private func startsApart(_ text: String, _ piece: Substring) -> Bool {
            piece.startIndex != text.startIndex
        }

        mutating func tag(_ tag: Substring) {
            let isEnd = tag.first == "/"
            let body = isEnd ? tag.dropFirst() : tag
            let name = body.prefix { !$0.isWhitespace && $0 != "/" }.lowercased()
            if let innermost = hidden.last {
                if isEnd, name == innermost { hidden.removeLast() } else if !isEnd, name == innermost { hidden.append(name) }
                return
            }
            if !isEnd, PlainText.hiddenTags.contains(name) || PlainText.isHidden(body), !body.hasSuffix("/"),
                !PlainText.voidTags.contains(name)
            {
                hidden.append(name)
                return
            }
            switch name {
            case "br": lines.append("")
            case "a" where !isEnd: links.append(PlainText.attribute("href", of: body) ?? "")
            case "a":
                guard let link = links.popLast(), link.hasPrefix("http") || link.hasPrefix("mailto:") else { return }
                if !lines[lines.count - 1].contains(link) { lines[lines.count - 1] += " (\(link))" }
            case "td", "th":
                if isEnd, lines[lines.count - 1].last.map({ $0 != " " }) ?? false { lines[lines.count - 1] += "  " }
            case "li" where !isEnd:
                breakLine()
                lines[lines.count - 1] = "- "
            case _ where PlainText.blockTags.contains(name):
                breakLine()
                if PlainText.spacedTags.contains(name) { lines.append("") }
            default: break
            }
        }

        private mutating func breakLine() {
            if !lines[lines.count - 1].isEmpty { lines.append("") }
        }

        func finish() -> String {
            var output: [String] = []
            for line in lines {
                var trimmed = line[...]
                while trimmed.last == " " { trimmed = trimmed.dropLast() }
                if trimmed.isEmpty, output.last?.isEmpty ?? true { continue }
                output.append(String(trimmed))
            }
            while output.last?.isEmpty == true { output.removeLast() }
            return output.joined(separator: "\n")
        }
    }

    private static let hiddenTags: Set<String> = ["head", "style", "script", "title", "template", "noscript"]
    private static let voidTags: Set<String> = ["br", "img", "hr", "input", "meta", "link", "col", "area", "base", "wbr"]
    private static let spacedTags: Set<String> = ["p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote"]
    private static let blockTags: Set<String> = spacedTags.union([
        "div", "tr", "section", "article", "header", "footer", "main", "body", "html", "li", "hr", "address", "pre", "tbody", "thead",
        "caption",
    ])

    private static func isHidden(_ tag: Substring) -> Bool {
        guard let style = attribute("style", of: tag) else { return false }
        let compact = style.lowercased().filter { !$0.isWhitespace }
        return compact.contains("display:none")
    }

    /// The value of a quoted attribute, its entities decoded. By bytes, since a tag's letters may be any.
    private static func attribute(_ name: String, of tag: Substring) -> String? {
        let bytes = Array(tag.utf8)
        let wanted = Array(name.utf8) + [0x3D]
        guard bytes.count > wanted.count + 2 else { return nil }
        for start in 1..<bytes.count - wanted.count where bytes[start - 1] <= 0x20 {
            guard zip(bytes[start...], wanted).allSatisfy({ $0 | ($1 >= 0x61 ? 0x20 : 0) == $1 }) else { continue }
            let quote = bytes[start + wanted.count]
            guard quote == 0x22 || quote == 0x27 else { return nil }
            return decodeEntities(String(decoding: bytes[(start + wanted.count + 1)...].prefix { $0 != quote }, as: UTF8.self))
        }
        return nil
    }

    private static let entities = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "copy": "©", "ndash": "–", "mdash": "—", "times": "×",
        "hellip": "…",
    ]

    static func decodeEntities(_ text: String) -> String {
        guard text.utf8.contains(0x26) else { return text }
        var output = ""
        var rest = text[...]
        while let ampersand = rest.firstIndex(of: "&") {
            output += rest[..<ampersand]
            let after = rest[rest.index(after: ampersand)...]
            let name = after.prefix(10).prefix { $0 != ";" && $0 != "&" && !$0.isWhitespace }
            if name.endIndex < after.endIndex, after[name.endIndex] == ";", let decoded = decode(entity: name) {
                output += decoded
                rest = after[after.index(after: name.endIndex)...]
            } else {
                output += "&"
                rest = after
            }
        }
        return output + rest
    }

    private static func decode(entity: Substring) -> String? {
        if let known = entities[String(entity)] { return known }
        guard entity.first == "#" else { return nil }
        let digits = entity.dropFirst()
        let code = digits.first == "x" || digits.first == "X" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits, radix: 10)
        return code.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }
}
