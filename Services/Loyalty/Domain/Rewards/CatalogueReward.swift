public import Shared

/// Something members can have for points.
public struct CatalogueReward: Definition {
    public static let kind = "reward"
    public static let idPrefix = "reward"
    public static let noun = "reward"

    public let id: String
    public let version: Int64
    public var name: String
    /// What it costs.
    public var points: Int64

    public init(id: String, version: Int64, name: String, points: Int64) {
        self.id = id
        self.version = version
        self.name = name
        self.points = points
    }

    public init?(_ reader: FieldReader, id: String, version: Int64) {
        let name = reader.requiredString("name", max: 255)
        let points = reader.require("points", reader.int("points", in: PointsAward.pointsRange))
        reader.ignore("id", "version", "created_at", "updated_at")
        reader.refuseUnknown()
        guard reader.issues.isEmpty, let name, let points else { return nil }
        self.init(id: id, version: version, name: name, points: points)
    }

    public var json: JSONObject {
        JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "name", value: .string(name)), .init(name: "points", value: .int(points)),
            .init(name: "version", value: .int(version)),
        ])
    }
}
