import NIOCore
import Shared

/// What became of the events of one call.
struct IngestReport: Sendable, Equatable {
    struct Rejection: Sendable, Equatable {
        /// Place among the events of the call, from 0; blank lines do not count.
        let index: Int
        /// Line of an NDJSON body, from 1.
        let line: Int?
        let id: String?
        /// Never empty.
        let issues: [FieldIssue]

        var json: JSON {
            var object = JSONObject([.init(name: "index", value: .int(Int64(index)))])
            object["line"] = line.map { .int(Int64($0)) }
            object.members.append(.init(name: "id", value: .from(id)))
            if let issue = issues.first {
                object["code"] = .string(issue.code)
                object["pointer"] = .string(issue.pointer)
                object["detail"] = .string(issue.detail)
            }
            if issues.count > 1 { object["errors"] = .array(issues.map(\.json)) }
            return .object(object)
        }
    }

    /// Rejections listed at most; beyond it they are only counted.
    static let maximumListed = 1_000

    var accepted = 0
    /// Events that were kept before, under the same source and id.
    var duplicates = 0
    private(set) var rejectedCount = 0
    private(set) var rejected: [Rejection] = []

    mutating func reject(_ index: Int, line: Int? = nil, id: String?, _ issues: [FieldIssue]) {
        rejectedCount += 1
        if rejected.count < Self.maximumListed { rejected.append(Rejection(index: index, line: line, id: id, issues: issues)) }
    }

    mutating func add(_ kept: Journal.Kept) {
        accepted += kept.accepted
        duplicates += kept.duplicates
    }

    var json: JSON { .object(members) }

    var members: JSONObject {
        var object = JSONObject([
            .init(name: "accepted", value: .int(Int64(accepted))),
            .init(name: "duplicates", value: .int(Int64(duplicates))),
            .init(name: "rejected", value: .array(rejected.map(\.json))),
        ])
        if rejectedCount > 0 { object["rejected_count"] = .int(Int64(rejectedCount)) }
        return object
    }

    /// The answers to nearly every call with one event, made once.
    static let oneAccepted = ByteBuffer(string: #"{"accepted":1,"duplicates":0,"rejected":[]}"#)
    static let oneDuplicate = ByteBuffer(string: #"{"accepted":0,"duplicates":1,"rejected":[]}"#)

    var bytes: ByteBuffer {
        switch (accepted, duplicates, rejectedCount) {
        case (1, 0, 0): Self.oneAccepted
        case (0, 1, 0): Self.oneDuplicate
        default: ByteBuffer(bytes: json.bytes)
        }
    }
}
