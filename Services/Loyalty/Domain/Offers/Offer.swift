public import Shared

/// Something a cart gets by itself, without a code.
public struct Offer: Definition {
    public static let kind = "offer"
    public static let idPrefix = "offer"
    public static let noun = "offer"

    public let id: String
    public let version: Int64
    public var name: String

    public init(id: String, version: Int64, name: String) {
        self.id = id
        self.version = version
        self.name = name
    }

    public init?(_ reader: FieldReader, id: String, version: Int64) {
        let name = reader.requiredString("name", max: 255)
        reader.ignore("id", "version", "created_at", "updated_at")
        reader.refuseUnknown()
        guard reader.issues.isEmpty, let name else { return nil }
        self.init(id: id, version: version, name: name)
    }

    public var json: JSONObject {
        JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "name", value: .string(name)), .init(name: "version", value: .int(version)),
        ])
    }
}
