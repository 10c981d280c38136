import Shared

/// One segment as it is asked.
public struct SegmentDefinition: Sendable, Hashable {
    public let id: String
    public let name: String
    public let version: Int64
    public let rule: SegmentRule
    /// Whether its members are just being reckoned anew.
    public let isComputing: Bool

    public init(id: String, name: String, version: Int64, rule: SegmentRule, isComputing: Bool) {
        self.id = id
        self.name = name
        self.version = version
        self.rule = rule
        self.isComputing = isComputing
    }
}

/// All segments, those behind the ones that they name.
public struct SegmentCatalogue: Sendable {
    public let segments: [SegmentDefinition]
    public let rfm: RFMThresholds?

    public static let none = SegmentCatalogue([], rfm: nil)

    public init(_ segments: [SegmentDefinition], rfm: RFMThresholds?) {
        self.segments = Self.sorted(segments)
        self.rfm = rfm
    }

    public subscript(_ id: String) -> SegmentDefinition? { segments.first { $0.id == id } }

    private static func sorted(_ segments: [SegmentDefinition]) -> [SegmentDefinition] {
        var rest = segments.sorted { $0.id < $1.id }
        var sorted: [SegmentDefinition] = []
        while !rest.isEmpty {
            let waiting = Set(rest.map(\.id))
            let next = rest.filter { $0.rule.needs.segments.isDisjoint(with: waiting) }
            // Circles are refused when a segment is saved.
            guard !next.isEmpty else { return sorted + rest }
            sorted += next
            let taken = Set(next.map(\.id))
            rest.removeAll { taken.contains($0.id) }
        }
        return sorted
    }

    /// Whether `id` with this rule would name itself, over whatever other segments.
    public func isCircle(_ id: String, naming named: Set<String>) -> Bool {
        var seen: Set<String> = []
        var open = Array(named)
        while let next = open.popLast() {
            if next == id { return true }
            if seen.insert(next).inserted, let segment = self[next] { open += segment.rule.needs.segments }
        }
        return false
    }

    /// These segments and all that name them, over others too.
    public func withDependents(_ ids: Set<String>) -> [SegmentDefinition] {
        var reached = ids
        // Whoever names a segment stands behind it.
        for segment in segments where !segment.rule.needs.segments.isDisjoint(with: reached) { reached.insert(segment.id) }
        return segments.filter { reached.contains($0.id) }
    }
}
