import Shared
import SharedRuntime

/// What is said of segments.
enum SegmentNews {
    /// Ids that one `segment.recomputed` names at most, in each list.
    static let batch = 500

    static func moved(
        _ isInside: Bool, _ customerID: String, _ segmentID: String, _ name: String, cause: String, _ change: Change
    ) throws {
        try change.emit(
            isInside ? "segment.entered" : "segment.left", subject: customerID,
            data: [
                "segment_id": .string(segmentID), "segment": .string(name), "customer_id": .string(customerID), "cause": .string(cause),
            ])
    }

    /// Many at once, because the segment changed and not they: no flow begins by it, and whoever keeps members hears of all.
    static func recomputed(
        _ segmentID: String, _ name: String, version: Int64, entered: [String], left: [String], cause: String, _ change: Change
    ) throws {
        var entered = entered[...]
        var left = left[...]
        while !entered.isEmpty || !left.isEmpty {
            try change.emit(
                "segment.recomputed", subject: nil,
                data: [
                    "segment_id": .string(segmentID), "segment": .string(name), "version": .int(version), "cause": .string(cause),
                    "entered": .from(Array(entered.prefix(batch))), "left": .from(Array(left.prefix(batch))),
                ])
            entered = entered.dropFirst(batch)
            left = left.dropFirst(batch)
        }
    }

    static func deleted(_ segmentID: String, _ name: String, _ change: Change) throws {
        try change.emit("segment.deleted", subject: nil, data: ["segment_id": .string(segmentID), "segment": .string(name)])
    }
}
