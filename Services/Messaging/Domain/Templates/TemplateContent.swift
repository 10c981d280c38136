import Shared

/// A mail's words in one language: Mustache texts.
public struct TemplateParts: Sendable, Equatable {
    public var subject: String
    /// The line that inboxes show behind the subject.
    public var preheader: String?
    public var html: String
    /// Nil: made from the HTML.
    public var text: String?

    public init(subject: String, preheader: String? = nil, html: String, text: String? = nil) {
        self.subject = subject
        self.preheader = preheader
        self.html = html
        self.text = text
    }

    public var json: JSON {
        ["subject": .string(subject), "preheader": .from(preheader), "html": .string(html), "text": .from(text)]
    }
}

/// A template as its author wrote it: its words by language, and data to try them on.
public struct TemplateContent: Sendable, Equatable {
    public static let maximumLocales = 40
    public static let maximumHTML = 262_144
    public static let maximumText = 131_072
    public static let maximumSubject = 998

    public var name: String
    public var locales: [String: TemplateParts]
    public var sample: JSON

    public init(name: String, locales: [String: TemplateParts], sample: JSON = .object(JSONObject())) {
        self.name = name
        self.locales = locales
        self.sample = sample
    }

    /// The parts for the first wish at hand, with the language they are in. Nil only for a template without any language.
    public func parts(for wishes: [String?]) -> (locale: String, parts: TemplateParts)? {
        guard let locale = LocaleChoice.pick(from: locales.keys, wishes: wishes), let parts = locales[locale] else { return nil }
        return (locale, parts)
    }
}

extension TemplateContent {
    /// Reads the body of a POST or PUT, and checks every Mustache text in every language. What is wrong is noted by pointer:
    /// `/locales/tr/html`.
    public static func read(_ reader: FieldReader) -> TemplateContent? {
        reader.ignore("id", "version", "created_at", "updated_at")
        let name = reader.requiredString("name", max: 255)
        let sample = reader.reader("sample").map { JSON.object($0.object) }
        var locales: [String: TemplateParts] = [:]
        if let languages = reader.require("locales", reader.reader("locales")) {
            if languages.object.isEmpty { reader.fail("locales", "empty", "at least one language is required") }
            if languages.object.members.count > maximumLocales { reader.fail("locales", "too_many", "at most \(maximumLocales) languages") }
            for member in languages.object.members.prefix(maximumLocales) {
                guard isLocale(member.name) else {
                    languages.fail(member.name, "invalid", "a language tag was expected, such as tr or en-GB")
                    continue
                }
                guard let part = languages.require(member.name, languages.reader(member.name)) else { continue }
                if let parts = TemplateParts.read(part) { locales[member.name] = parts }
                part.refuseUnknown()
            }
        }
        guard reader.issues.isEmpty, let name else { return nil }
        return TemplateContent(name: name, locales: locales, sample: sample ?? .object(JSONObject()))
    }

    public static func isLocale(_ tag: String) -> Bool {
        (2...35).contains(tag.utf8.count)
            && tag.split(separator: "-", omittingEmptySubsequences: false).allSatisfy { part in
                (1...8).contains(part.utf8.count)
                    && part.utf8.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || (0x30...0x39).contains($0) }
            }
            && tag.utf8.prefix(2).allSatisfy { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }
    }

    /// As ``read(_:)`` takes it, for keeping.
    public var json: JSON {
        var languages = JSONObject()
        for (locale, parts) in locales.sorted(by: { $0.key < $1.key }) { languages[locale] = parts.json }
        return ["name": .string(name), "locales": .object(languages), "sample": sample]
    }

    /// Reads what ``json`` wrote; nil for anything else.
    public init?(json: JSON) {
        guard let name = json["name"]?.string, let languages = json["locales"]?.object else { return nil }
        var locales: [String: TemplateParts] = [:]
        for member in languages.members {
            guard let subject = member.value["subject"]?.string, let html = member.value["html"]?.string else { return nil }
            locales[member.name] = TemplateParts(
                subject: subject, preheader: member.value["preheader"]?.string, html: html, text: member.value["text"]?.string)
        }
        self.init(name: name, locales: locales, sample: json["sample"] ?? .object(JSONObject()))
    }
}

extension TemplateParts {
    static func read(_ reader: FieldReader) -> TemplateParts? {
        let subject = reader.requiredString("subject", max: TemplateContent.maximumSubject)
        let preheader = reader.string("preheader", max: TemplateContent.maximumSubject)
        let html = reader.requiredString("html", max: TemplateContent.maximumHTML)
        let text = reader.string("text", max: TemplateContent.maximumText)
        for (name, source) in [("subject", subject), ("preheader", preheader), ("html", html), ("text", text)] {
            guard let source else { continue }
            do throws(TemplateSyntaxError) { _ = try TemplateOutline(source) } catch {
                reader.fail(name, "template_syntax", error.description)
            }
        }
        guard let subject, let html else { return nil }
        return TemplateParts(subject: subject, preheader: preheader, html: html, text: text)
    }
}
