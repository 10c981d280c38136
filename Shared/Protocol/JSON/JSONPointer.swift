/// Where in a document a value stands (RFC 6901). Built only as deep as the reader goes; turned into text only when something is wrong.
public indirect enum JSONPointer: Sendable, CustomStringConvertible {
    case root
    case member(JSONPointer, String)
    case element(JSONPointer, Int)

    public static func / (parent: JSONPointer, name: String) -> JSONPointer { .member(parent, name) }
    public static func / (parent: JSONPointer, index: Int) -> JSONPointer { .element(parent, index) }

    public var description: String {
        switch self {
        case .root: ""
        case .member(let parent, let name): "\(parent)/\(Self.escape(name))"
        case .element(let parent, let index): "\(parent)/\(index)"
        }
    }

    private static func escape(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == 0x7E || $0 == 0x2F }) else { return name }
        var escaped = ""
        for character in name {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
