import Shared

extension SegmentRule {
    /// Events of one type and customer that are kept for counting.
    public static let mostEvents: Int64 = 1_000

    /// Reads a segment's rule and notes everything wrong with it, what could never hold included.
    public static func read(_ json: JSON, at pointer: JSONPointer, issues: FieldIssues) -> SegmentRule? {
        guard let condition = Condition.read(json, at: pointer, fields: .segments, issues: issues) else { return nil }
        var isGood = true
        for (place, test) in condition.tests(at: pointer) {
            for (name, code, detail) in faults(test) {
                issues.add(place / name, code, detail)
                isGood = false
            }
        }
        return isGood ? SegmentRule(condition) : nil
    }

    private static func faults(_ test: ConditionTest) -> [(String, String, String)] {
        guard let field = SegmentField(test.field) else { return [("field", "unknown_field", "segments do not know this field")] }
        if test.withinDays != nil {
            guard case .eventCount = field else { return [("within_days", "unknown_field", "only counts of events have a window")] }
        }
        if field == .segments {
            guard test.op == .contains || test.op == .in else { return [("op", "invalid", "contains or in was expected")] }
            guard test.value.string != nil || test.value.array?.allSatisfy({ $0.string != nil }) == true else {
                return [("value", "wrong_type", "a segment's id was expected")]
            }
            return []
        }
        guard test.op != .exists else { return [] }
        let values = test.value.array ?? [test.value]
        switch field.kind {
        case .number:
            guard test.op != .withinDays, test.op != .contains else { return [("op", "invalid", "this field is a number")] }
            guard values.allSatisfy({ $0.double != nil || $0.isNull }) else { return [("value", "wrong_type", "a number was expected")] }
            return range(field).map { outOf($0, test, values) } ?? []
        case .time:
            if test.op == .withinDays { return [] }
            guard test.op != .contains else { return [("op", "invalid", "this field is a time")] }
            let areTimes = values.allSatisfy { $0.isNull || ConditionTest.time($0) != nil }
            return areTimes ? [] : [("value", "invalid_time", "an RFC 3339 time or a day was expected")]
        case .text:
            guard [.eq, .ne, .in, .contains].contains(test.op) else { return [("op", "invalid", "this field is a text")] }
            return values.allSatisfy { $0.string != nil || $0.isNull } ? [] : [("value", "wrong_type", "a text was expected")]
        case .anything:
            return []
        }
    }

    /// What a field can be, where it is bounded.
    private static func range(_ field: SegmentField) -> ClosedRange<Double>? {
        switch field {
        case .score: 1...5
        case .eventCount: 0...Double(mostEvents)
        default: nil
        }
    }

    private static func outOf(_ range: ClosedRange<Double>, _ test: ConditionTest, _ values: [JSON]) -> [(String, String, String)] {
        values.compactMap(\.double).allSatisfy(range.contains)
            ? [] : [("value", "out_of_range", "from \(Int64(range.lowerBound)) to \(Int64(range.upperBound))")]
    }
}
