import CVefaDocument
import Crypto
import Shared
import Yams

/// docs/openapi.yaml as it was when this program was built.
struct OpenAPIDocument: Sendable {
    let json: JSON
    let bytes: [UInt8]
    let etag: String

    /// - Throws: when the document is no YAML: a test sees to it that this never ships.
    init() throws {
        try self.init(yaml: String(decoding: UnsafeBufferPointer(start: vefa_openapi_bytes(), count: vefa_openapi_count()), as: UTF8.self))
    }

    init(yaml: String) throws {
        guard let node = try Yams.compose(yaml: yaml) else { throw Unreadable() }
        json = Self.json(node)
        bytes = json.bytes
        etag = "\"" + Base64URL.encode(Array(SHA256.hash(data: bytes)).prefix(12)) + "\""
    }

    struct Unreadable: Error {}

    /// Plain scalars as YAML's JSON schema reads them: JSON's numbers, true, false and null are those, everything else is text. So `no` stays
    /// the word it is.
    private static func json(_ node: Node) -> JSON {
        switch node {
        case .mapping(let mapping):
            return .object(JSONObject(mapping.map { .init(name: $0.key.string ?? "", value: json($0.value)) }))
        case .sequence(let sequence):
            return .array(sequence.map { json($0) })
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
            if scalar.string.isEmpty || scalar.string == "~" { return .null }
            guard let value = try? JSONParser.parse(scalar.string), value.string == nil, value.array == nil, value.object == nil else {
                return .string(scalar.string)
            }
            return value
        case .alias:
            return .null
        }
    }
}
