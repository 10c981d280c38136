import Shared

extension DocsPage {
    // MARK: - Text

    func prose(_ text: String?) -> String {
        guard let text else { return "" }
        return text.split(separator: "\n\n").map { "<p>\(self.text(String($0)))</p>" }.joined()
    }

    /// Escaped, with what stands between backticks as code.
    func text(_ text: String) -> String {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
            index % 2 == 1 ? "<code>\(escape(String(part)))</code>" : escape(String(part))
        }.joined()
    }

    func escape(_ text: String) -> String {
        var output = ""
        for character in text {
            switch character {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            default: output.append(character)
            }
        }
        return output
    }

    static func indented(_ json: JSON, _ depth: Int = 0) -> String {
        let inner = String(repeating: "  ", count: depth + 1)
        let outer = String(repeating: "  ", count: depth)
        switch json {
        case .object(let object) where !object.isEmpty:
            let members = object.members.map { "\(inner)\(JSON.string($0.name).text): \(indented($0.value, depth + 1))" }
            return "{\n\(members.joined(separator: ",\n"))\n\(outer)}"
        case .array(let items) where !items.isEmpty:
            return "[\n\(items.map { inner + indented($0, depth + 1) }.joined(separator: ",\n"))\n\(outer)]"
        default:
            return json.text
        }
    }
}
