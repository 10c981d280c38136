import Shared

/// Quintiles of recency, frequency and monetary value over the customers with a counted order: scores 1 to 5, 5 the best.
///
/// Each figure has four thresholds, the values at the ranks ⌈n/5⌉, ⌈2n/5⌉, ⌈3n/5⌉ and ⌈4n/5⌉ of all customers in ascending order (nearest rank). A
/// score is 1 and one more for each threshold that is exceeded; so equal values always have equal scores, and a quintile may be empty where many
/// are equal. Recency is thought of as the age of the last order, so that it grows old between two computations.
public struct RFMThresholds: Sendable, Hashable {
    public let computedAt: Timestamp
    /// Customers with a counted order at that moment.
    public let customers: Int64
    /// Milliseconds, falling: a score above k needs a last order less than the k-th of these ago.
    public let recency: [Int64]
    /// Orders, rising: a score above k needs more than the k-th of these.
    public let frequency: [Int64]
    /// Minor units, rising: a score above k needs more than the k-th of these.
    public let monetary: [Int64]
    /// How many customers had each score, from 1 to 5.
    public let recencyCounts: [Int64]
    public let frequencyCounts: [Int64]
    public let monetaryCounts: [Int64]

    /// The thresholds of these customers; nil where there are none. The lists are parallel: one customer's last order, orders and total.
    public init?(lastAt: [Int64], counts: [Int64], totals: [Int64], at now: Timestamp) {
        guard !lastAt.isEmpty, lastAt.count == counts.count, counts.count == totals.count else { return nil }
        computedAt = now
        customers = Int64(lastAt.count)
        let last = Self.thresholds(lastAt)
        recency = last.map { now.milliseconds &- $0 }
        frequency = Self.thresholds(counts)
        monetary = Self.thresholds(totals)
        recencyCounts = Self.tally(lastAt, last)
        frequencyCounts = Self.tally(counts, frequency)
        monetaryCounts = Self.tally(totals, monetary)
    }

    private static func thresholds(_ values: [Int64]) -> [Int64] {
        let sorted = values.sorted()
        return (1...4).map { sorted[(($0 * sorted.count + 4) / 5) - 1] }
    }

    private static func tally(_ values: [Int64], _ thresholds: [Int64]) -> [Int64] {
        var counts: [Int64] = [0, 0, 0, 0, 0]
        for value in values { counts[thresholds.count { value > $0 }] += 1 }
        return counts
    }

    /// 1 to 5; nil without a counted order.
    public func score(_ part: SegmentField.RFMPart, _ orders: OrderFigures, now: Timestamp) -> Int64? {
        guard orders.count > 0, let lastAt = orders.lastAt else { return nil }
        switch part {
        case .recency: return 1 + Int64(recency.count { now < lastAt.adding(milliseconds: $0) })
        case .frequency: return 1 + Int64(frequency.count { orders.count > $0 })
        case .monetary: return 1 + Int64(monetary.count { orders.total > $0 })
        }
    }

    // MARK: - As JSON

    public static let tieRule = "Equal values always get the same score: 1, and 1 more for each threshold that is exceeded."
    public static let method =
        "Thresholds are the values at the ranks ceil(n/5), ceil(2n/5), ceil(3n/5) and ceil(4n/5) of the n customers with a counted order (nearest rank)."

    /// As the API answers it.
    public var json: JSON {
        func scores(_ counts: [Int64]) -> JSON {
            .object(JSONObject(counts.enumerated().map { .init(name: "\($0.offset + 1)", value: .int($0.element)) }))
        }
        return [
            "computed_at": .from(computedAt), "customers": .int(customers),
            "recency": [
                "days_less_than": .array(recency.map { .double((Double($0) / 864_000).rounded() / 100) }), "scores": scores(recencyCounts),
            ],
            "frequency": ["orders_more_than": .array(frequency.map(JSON.int)), "scores": scores(frequencyCounts)],
            "monetary": ["total_more_than": .array(monetary.map(JSON.int)), "scores": scores(monetaryCounts)],
            "method": .string(Self.method), "tie_rule": .string(Self.tieRule),
        ]
    }

    /// To keep them.
    public var kept: JSON {
        func list(_ values: [Int64]) -> JSON { .array(values.map(JSON.int)) }
        return [
            "computed_at": .int(computedAt.milliseconds), "customers": .int(customers), "recency": list(recency),
            "frequency": list(frequency),
            "monetary": list(monetary), "recency_counts": list(recencyCounts), "frequency_counts": list(frequencyCounts),
            "monetary_counts": list(monetaryCounts),
        ]
    }

    public init?(kept: JSON) {
        func list(_ name: String, _ count: Int) -> [Int64]? {
            let values = kept[name]?.array?.compactMap(\.int)
            return values?.count == count ? values : nil
        }
        guard let at = kept["computed_at"]?.int, let customers = kept["customers"]?.int, let recency = list("recency", 4),
            let frequency = list("frequency", 4), let monetary = list("monetary", 4), let recencyCounts = list("recency_counts", 5),
            let frequencyCounts = list("frequency_counts", 5), let monetaryCounts = list("monetary_counts", 5)
        else { return nil }
        computedAt = Timestamp(milliseconds: at)
        self.customers = customers
        self.recency = recency
        self.frequency = frequency
        self.monetary = monetary
        self.recencyCounts = recencyCounts
        self.frequencyCounts = frequencyCounts
        self.monetaryCounts = monetaryCounts
    }
}
