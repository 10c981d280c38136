import MessagingDomain
import Shared

/// A flow as somebody writes it.
struct FlowDraft {
    var name: JSON
    var preset: FlowPreset?
    var definition: FlowDefinition

    /// `{"preset", "locale"?, "name"?}`. What is wrong is noted, and answers nil.
    static func preset(_ reader: FieldReader) -> FlowDraft? {
        let id = reader.requiredString("preset", max: 64)
        let locale = reader.string("locale", max: 35, allowEmpty: false)
        if let locale, !TemplateContent.isLocale(locale) {
            reader.fail("locale", "invalid", "a language tag was expected, such as tr or en-GB")
        }
        let name = name(reader)
        reader.refuseUnknown()
        guard let id else { return nil }
        guard let preset = FlowPreset.find(id) else {
            reader.fail("preset", "unknown_preset", "one of \(FlowPreset.all.map(\.id).joined(separator: ", ")) was expected")
            return nil
        }
        var definition = preset.definition
        definition.locale = locale
        return FlowDraft(name: name ?? preset.name, preset: preset, definition: definition)
    }

    /// The whole definition, with what a GET adds to it ignored.
    static func own(_ reader: FieldReader) -> FlowDraft? {
        reader.ignore("id", "preset", "state", "version", "created_at", "updated_at", "runs_in_progress", "runs_ended")
        let name = reader.require("name", name(reader))
        let definition = FlowDefinition.read(reader)
        reader.refuseUnknown()
        guard let name, let definition else { return nil }
        return FlowDraft(name: name, preset: nil, definition: definition)
    }

    /// A text, or texts by language.
    private static func name(_ reader: FieldReader) -> JSON? {
        guard let value = reader.raw("name") else { return nil }
        if value.string != nil { return reader.string("name", max: 255, allowEmpty: false).map(JSON.string) }
        guard case .object(let texts) = value, !texts.isEmpty, texts.members.count <= TemplateContent.maximumLocales,
            texts.members.allSatisfy({ TemplateContent.isLocale($0.name) && (1...255).contains($0.value.string?.utf8.count ?? 0) })
        else {
            reader.fail("name", "wrong_type", "a text was expected, or texts by language")
            return nil
        }
        return value
    }
}
