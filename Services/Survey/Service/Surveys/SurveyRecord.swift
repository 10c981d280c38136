import Shared
import SurveyDomain

enum SurveyState: String, Sendable, CaseIterable {
    case draft, published, paused
}

/// A survey as it is kept: the draft that is being written, and which version of it is in use.
struct SurveyRecord: Sendable {
    var id: String
    var state: SurveyState
    /// What the merchant wrote last.
    var draft: JSON
    /// The version in use; 0 before the first publishing.
    var version: Int64
    /// That version; null before the first publishing.
    var published: JSON
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var publishedAt: Timestamp?

    static let prefix = "svy"

    var hasUnpublishedChanges: Bool { draft != published }

    /// Whether it can be answered just now.
    var isOpen: Bool { state == .published && version > 0 }

    /// The version in use, or what will be the first.
    var definition: SurveyDefinition? { SurveyDefinition(json: version > 0 ? published : draft) }

    func json(publicURL: String) -> JSON {
        var object = JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "state", value: .string(state.rawValue)),
            .init(name: "version", value: .int(version)), .init(name: "unpublished_changes", value: .bool(hasUnpublishedChanges)),
        ])
        for member in draft.object?.members ?? [] { object[member.name] = member.value }
        object["link"] = .string("\(publicURL)/s/\(id)")
        object["created_at"] = .from(createdAt)
        object["updated_at"] = .from(updatedAt)
        object["published_at"] = .from(publishedAt)
        return .object(object)
    }
}
