import Shared

/// Which of the names a template asks for its data does not have. A misspelt variable would otherwise be a hole in a customer's mail.
public enum StrictVariables {
    public struct Missing: Sendable, Hashable {
        public let name: String
        public let code: String
        public let detail: String
    }

    /// Elements of a list that are looked at; they are alike.
    private static let sampledElements = 100
    private static let most = 20

    /// Walks the template as the renderer would. A name counts as there when the data has it, as null too: an empty section says so on
    /// purpose. Names inside a section that does not show are not looked at. Empty: nothing is missing.
    public static func missing(in outline: TemplateOutline, data: JSON) -> [Missing] {
        var found: [Missing] = []
        walk(outline.tags, [data], &found)
        return found
    }

    private static func walk(_ tags: [TemplateOutline.Tag], _ stack: [JSON], _ found: inout [Missing]) {
        for tag in tags where found.count < most {
            switch tag {
            case .variable(let name):
                guard let value = resolve(name, stack, &found), name.function == nil else { continue }
                switch value {
                case .object: note(name, "not_a_value", "\"\(name.text)\" is an object: name one of its members", &found)
                case .array: note(name, "not_a_value", "\"\(name.text)\" is a list: use it as a section", &found)
                default: break
                }
            case .section(let name, let inner):
                guard let value = resolve(name, stack, &found) else { continue }
                switch value {
                case .null, .bool(false): break
                case .array(let items): for item in items.prefix(sampledElements) { walk(inner, stack + [item], &found) }
                default: walk(inner, stack + [value], &found)
                }
            case .inverted(let name, let inner):
                guard let value = resolve(name, stack, &found) else { continue }
                if value == .null || value == .bool(false) || value == .array([]) { walk(inner, stack, &found) }
            }
        }
    }

    /// The value of a name, noted as missing where there is none. The first member is looked for from the innermost section outwards, as
    /// Mustache does.
    private static func resolve(_ name: TemplateOutline.Name, _ stack: [JSON], _ found: inout [Missing]) -> JSON? {
        if name.path.isEmpty { return .bool(true) }
        if name.path == "." { return stack.last }
        let steps = name.path.split(separator: ".").map(String.init)
        var value = steps.first.flatMap { first in stack.reversed().lazy.compactMap { $0[first] }.first }
        for step in steps.dropFirst() { value = value?[step] }
        if value == nil { note(name, "missing_variable", "the data has no \"\(name.path)\"", &found) }
        return name.function == nil ? value : value.map { _ in .bool(true) }
    }

    private static func note(_ name: TemplateOutline.Name, _ code: String, _ detail: String, _ found: inout [Missing]) {
        let missing = Missing(name: name.path, code: code, detail: detail)
        if !found.contains(missing) { found.append(missing) }
    }
}
