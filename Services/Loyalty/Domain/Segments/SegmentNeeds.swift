import Shared

/// What has to be known of customers before a segment can be asked.
public struct SegmentNeeds: Sendable, Hashable {
    /// First names below `customer`.
    public var profile: Set<String> = []
    /// Orders in figures.
    public var orders = false
    /// What stands in orders.
    public var lists: Lists = .none
    public var points = false
    public var tier = false
    public var scores = false
    /// Types of events, each with the days it is looked back; nil: all of them.
    public var events: [String: Int64?] = [:]
    /// Surveys by their ids.
    public var surveys: Set<String> = []
    /// Ids of the segments it names.
    public var segments: Set<String> = []
    public var namesSegments = false

    public enum Lists: Sendable, Hashable {
        case none
        /// Of orders whose lines have one of these texts somewhere; others could not change what comes out.
        case withText(Set<String>)
        case all
    }

    public init() {}

    init(_ field: SegmentField, _ test: ConditionTest) {
        switch field {
        case .customer(let steps): profile = [steps.first ?? ""]
        case .orderCount, .orderTotal, .orderAverage, .firstOrderAt, .lastOrderAt: orders = true
        case .list(let list): lists = Self.lists(list, test)
        case .points: points = true
        case .tierID, .tierName: tier = true
        case .score: (orders, scores) = (true, true)
        case .eventCount(let type): events[type] = .some(test.withinDays)
        case .lastEventAt(let type): events[type] = .some(nil)
        case .answer(let survey, _): surveys = [survey]
        case .segments:
            segments = Set((test.value.array ?? [test.value]).compactMap(\.string))
            namesSegments = true
        }
    }

    /// Only equality of plain texts can be asked of the store beforehand: JSON writes these as they are, and orders without the text change nothing.
    private static func lists(_ list: SegmentField.OrderList, _ test: ConditionTest) -> Lists {
        guard list == .categories || list == .products || list == .skus, [.eq, .ne, .in, .contains].contains(test.op) else { return .all }
        let texts = (test.value.array ?? [test.value]).compactMap(\.string)
        func isPlain(_ text: String) -> Bool {
            !text.isEmpty
                && text.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                }
        }
        let count = test.value.array?.count ?? 1
        return texts.count == count && count <= 16 && texts.allSatisfy(isPlain) ? .withText(Set(texts)) : .all
    }

    public mutating func formUnion(_ other: SegmentNeeds) {
        profile.formUnion(other.profile)
        orders = orders || other.orders
        points = points || other.points
        tier = tier || other.tier
        scores = scores || other.scores
        surveys.formUnion(other.surveys)
        segments.formUnion(other.segments)
        namesSegments = namesSegments || other.namesSegments
        for (type, days) in other.events {
            // The longest look back serves all.
            if let known = events[type] {
                if let mine = known, let theirs = days { events[type] = .some(max(mine, theirs)) } else { events[type] = .some(nil) }
            } else {
                events[type] = .some(days)
            }
        }
        switch (lists, other.lists) {
        case (_, .none): break
        case (.none, _): lists = other.lists
        case (.withText(let mine), .withText(let theirs)): lists = .withText(mine.union(theirs))
        default: lists = .all
        }
    }
}
