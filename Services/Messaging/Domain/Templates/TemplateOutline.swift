/// Why a text is not a template that can be used here, and on which line.
public struct TemplateSyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
    public let line: Int
    public let reason: String
    public var description: String { "line \(line): \(reason)" }
}

/// The tags of a Mustache text as a tree, without its words: what it asks of its data. It stands in front of the renderer and lets through
/// only variables, sections, inverted sections and comments, balanced and not nested past ``maximumDepth``; so a template can neither
/// recurse, nor turn escaping off for a whole text, nor be so deep that rendering it would exhaust the stack.
public struct TemplateOutline: Sendable, Equatable {
    public static let maximumDepth = 32
    public static let maximumTags = 5_000

    public indirect enum Tag: Sendable, Equatable {
        /// `{{name}}`, `{{{name}}}`, `{{&name}}`.
        case variable(Name)
        /// `{{#name}}…{{/name}}`
        case section(Name, [Tag])
        /// `{{^name}}…{{/name}}`
        case inverted(Name, [Tag])
    }

    /// A dotted path (`order.number`), `.` for the element itself, or a function of one (`count(order.items)`, `last()`).
    public struct Name: Sendable, Equatable {
        public let path: String
        public let function: String?
    }

    public let tags: [Tag]

    public init(_ source: String) throws(TemplateSyntaxError) {
        var scanner = TemplateScanner(source)
        tags = try scanner.tags()
    }
}

extension TemplateOutline.Name {
    /// Functions of a value, and (with nothing between the brackets) of the place in a list. `plusone` and its like are left out: they trap
    /// at the end of the number range.
    static let valueFunctions: Set<String> = ["uppercased", "lowercased", "capitalized", "count", "empty"]
    static let placeFunctions: Set<String> = ["first", "last", "index", "even", "odd"]

    init?(_ text: Substring) {
        func isPath(_ text: some StringProtocol) -> Bool {
            text == "."
                || !text.isEmpty && text.utf8.count <= 255
                    && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                        !part.isEmpty
                            && part.utf8.allSatisfy {
                                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D
                            }
                    }
        }
        guard let bracket = text.firstIndex(of: "(") else {
            guard isPath(text) else { return nil }
            self.init(path: String(text), function: nil)
            return
        }
        guard text.last == ")" else { return nil }
        let function = String(text[..<bracket])
        let path = text[text.index(after: bracket)...].dropLast()
        guard path.isEmpty ? Self.placeFunctions.contains(function) : Self.valueFunctions.contains(function) && isPath(path) else {
            return nil
        }
        self.init(path: String(path), function: function)
    }
}

/// Reads tags one after the other, by bytes: a line end or a brace is one byte in UTF-8, whatever stands between.
struct TemplateScanner {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var count = 0

    private enum Token {
        case variable(TemplateOutline.Name)
        case open(TemplateOutline.Name, inverted: Bool)
        case close(TemplateOutline.Name)
    }

    init(_ source: String) {
        bytes = Array(source.utf8)
    }

    mutating func tags() throws(TemplateSyntaxError) -> [TemplateOutline.Tag] {
        var levels: [[TemplateOutline.Tag]] = [[]]
        var open: [(name: TemplateOutline.Name, inverted: Bool, line: Int)] = []
        while let token = try next() {
            switch token {
            case .variable(let name): levels[levels.count - 1].append(.variable(name))
            case .open(let name, let inverted):
                guard open.count < TemplateOutline.maximumDepth else { throw error("sections are nested too deep") }
                open.append((name, inverted, line))
                levels.append([])
            case .close(let name):
                guard let section = open.popLast(), let inner = levels.popLast() else { throw error("{{/\(name.text)}} closes nothing") }
                guard section.name == name else {
                    throw error("{{/\(name.text)}} stands where {{/\(section.name.text)}} was expected (opened on line \(section.line))")
                }
                levels[levels.count - 1].append(section.inverted ? .inverted(name, inner) : .section(name, inner))
            }
        }
        if let section = open.last { throw TemplateSyntaxError(line: section.line, reason: "{{#\(section.name.text)}} is never closed") }
        return levels[0]
    }

    private mutating func next() throws(TemplateSyntaxError) -> Token? {
        while index + 1 < bytes.count {
            if bytes[index] == 0x0A { line += 1 }
            guard bytes[index] == 0x7B, bytes[index + 1] == 0x7B else {
                index += 1
                continue
            }
            index += 2
            if let token = try tag() { return token }
        }
        return nil
    }

    /// The tag whose braces were just read; nil for a comment.
    private mutating func tag() throws(TemplateSyntaxError) -> Token? {
        count += 1
        guard count <= TemplateOutline.maximumTags else { throw error("more than \(TemplateOutline.maximumTags) tags") }
        let isTriple = index < bytes.count && bytes[index] == 0x7B
        if isTriple { index += 1 }
        let end = isTriple ? [0x7D, 0x7D, 0x7D] : [0x7D, 0x7D] as [UInt8]
        let start = index
        while index + end.count <= bytes.count, !bytes[index..<index + end.count].elementsEqual(end) { index += 1 }
        guard index + end.count <= bytes.count else { throw error("a tag is never closed with }}") }
        let content = bytes[start..<index]
        defer {
            line += content.count { $0 == 0x0A }
            index += end.count
        }
        guard !isTriple else { return .variable(try name(content)) }
        switch content.first {
        case UInt8(ascii: "!"): return nil
        case UInt8(ascii: "#"): return .open(try name(content.dropFirst()), inverted: false)
        case UInt8(ascii: "^"): return .open(try name(content.dropFirst()), inverted: true)
        case UInt8(ascii: "/"): return .close(try name(content.dropFirst()))
        case UInt8(ascii: "&"): return .variable(try name(content.dropFirst()))
        case UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "$"): throw error("partials and blocks are not supported")
        case UInt8(ascii: "="): throw error("delimiters cannot be changed")
        case UInt8(ascii: "%"): throw error("pragmas are not supported: HTML is escaped, subject and plain text are not")
        default: return .variable(try name(content))
        }
    }

    private func name(_ content: ArraySlice<UInt8>) throws(TemplateSyntaxError) -> TemplateOutline.Name {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let trimmed = content.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        let text = String(decoding: trimmed, as: UTF8.self)
        guard let name = TemplateOutline.Name(text[...]) else { throw error("\"\(text.prefix(60))\" is no name of a variable") }
        return name
    }

    private func error(_ reason: String) -> TemplateSyntaxError { TemplateSyntaxError(line: line, reason: reason) }
}

extension TemplateOutline.Name {
    public var text: String { function.map { "\($0)(\(path))" } ?? path }
}
