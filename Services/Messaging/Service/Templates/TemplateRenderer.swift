import MessagingDomain
import Mustache
import Shared
import Synchronization

/// A mail's parts, ready to be sent.
struct RenderedMail: Sendable, Equatable {
    var subject: String
    var preheader: String?
    var html: String
    var text: String

    var json: JSON { ["subject": .string(subject), "preheader": .from(preheader), "html": .string(html), "text": .string(text)] }
}

/// The Mustache texts of one language, compiled. HTML and preheader escape what they insert; subject and plain text, which are no HTML, do
/// not.
struct CompiledTemplate: Sendable {
    private static let plain = "{{% CONTENT_TYPE:TEXT}}"

    private let subject: MustacheTemplate
    private let preheader: MustacheTemplate?
    private let html: MustacheTemplate
    private let text: MustacheTemplate?

    init(_ parts: TemplateParts) throws {
        subject = try Self.compile(Self.plain + parts.subject)
        preheader = try parts.preheader.map(Self.compile)
        html = try Self.compile(parts.html)
        text = try parts.text.map { try Self.compile(Self.plain + $0) }
    }

    /// The parser takes a brace at the very end for the half of a tag; a line end behind it says that it is none.
    private static func compile(_ source: String) throws -> MustacheTemplate {
        try MustacheTemplate(string: source.utf8.last == 0x7B ? source + "\n" : source)
    }

    /// The subject comes out as one line, whatever was inserted. A variable that the data does not have is left out.
    func render(_ data: JSON) -> RenderedMail {
        let values = data.mustacheValue
        let escapedPreheader = preheader.map { HeaderText.oneLine($0.render(values)) }.flatMap { $0.isEmpty ? nil : $0 }
        let body = html.render(values)
        let plain = text?.render(values) ?? PlainText.from(html: body)
        return RenderedMail(
            subject: HeaderText.oneLine(subject.render(values)), preheader: escapedPreheader.map(PlainText.from(html:)),
            html: Self.insert(escapedPreheader, into: body), text: plain)
    }

    /// Inboxes show the first words of a mail behind its subject: a preheader is those words, hidden from the page itself.
    private static func insert(_ preheader: String?, into html: String) -> String {
        guard let preheader else { return html }
        let hidden = "<div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all\">\(preheader)</div>"
        let bytes = Array(html.utf8)
        let tag = Array("<body".utf8)
        guard bytes.count > tag.count,
            let start = (0..<bytes.count - tag.count).first(where: { index in
                bytes[index] == 0x3C && zip(bytes[index...], tag).allSatisfy { $0 == $1 || $0 | 0x20 == $1 }
                    && !isLetter(bytes[index + tag.count])
            }), let end = bytes[start...].firstIndex(of: 0x3E)
        else { return hidden + html }
        return String(decoding: bytes[...end], as: UTF8.self) + hidden + String(decoding: bytes[(end + 1)...], as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

/// Compiles each version of a template once. Versions never change, so what is kept is right for ever; what is too many is let go.
final class TemplateRenderer: Sendable {
    private static let most = 256
    private let compiled = Mutex<[String: CompiledTemplate]>([:])

    func template(_ id: String, version: Int64, locale: String, parts: TemplateParts) throws -> CompiledTemplate {
        let key = "\(id) \(version) \(locale)"
        if let known = compiled.withLock({ $0[key] }) { return known }
        let template = try CompiledTemplate(parts)
        compiled.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known[key] = template
        }
        return template
    }
}

extension JSON {
    /// In the shape that the renderer looks values up in.
    fileprivate var mustacheValue: Any {
        switch self {
        case .null: Nothing()
        case .bool(let value): value
        case .int(let value): value
        case .double(let value): value.rounded() == value && abs(value) < 9_007_199_254_740_992 ? Int64(value) as Any : value
        case .string(let value): value
        case .array(let items): items.map(\.mustacheValue)
        case .object(let object): Dictionary(object.members.map { ($0.name, $0.value.mustacheValue) }, uniquingKeysWith: { $1 })
        }
    }
}

/// `null`: known to be nothing. It hides a value of the same name further out, as JSON says.
private struct Nothing: MustacheCustomRenderable {
    var renderText: String { "" }
    var isNull: Bool { true }
}
