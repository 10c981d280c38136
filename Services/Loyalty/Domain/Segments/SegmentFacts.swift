import Shared

/// What is known of one customer when a segment asks, as far as it asks.
public struct SegmentFacts: Sendable {
    public let customerID: String
    /// The profile's fields that are asked for.
    public var customer = JSONObject()
    public var orders = OrderFigures()
    public var lists: [SegmentField.OrderList: [JSON]] = [:]
    public var balance: Int64 = 0
    public var pending: Int64 = 0
    public var lifetimeEarned: Int64 = 0
    public var lifetimeSpent: Int64 = 0
    public var tierID: String?
    public var tierName: String?
    /// When events of each type happened, in milliseconds, earliest first.
    public var events: [String: [Int64]] = [:]
    /// By ``answerKey(survey:question:)``.
    public var answers: [String: JSON] = [:]
    public var segments: [String] = []

    public init(customerID: String) { self.customerID = customerID }

    public static func answerKey(survey: String, question: String) -> String { "\(survey).\(question)" }
}

/// What is the same for everybody while segments are asked.
public struct SegmentContext: Sendable {
    public var now: Timestamp
    public var rfm: RFMThresholds?

    public init(now: Timestamp, rfm: RFMThresholds?) {
        self.now = now
        self.rfm = rfm
    }
}

extension SegmentField {
    /// What a condition compares. `window` counts events of so many days up to now.
    func values(_ facts: SegmentFacts, window: Int64?, _ context: SegmentContext) -> [JSON] {
        switch self {
        case .customer(let steps): ConditionFacts.values(steps, in: .object(facts.customer))
        case .orderCount: [.int(facts.orders.count)]
        case .orderTotal: [.int(facts.orders.total)]
        case .orderAverage: facts.orders.average.map { [.int($0)] } ?? []
        case .firstOrderAt: facts.orders.firstAt.map { [.string($0.rfc3339)] } ?? []
        case .lastOrderAt: facts.orders.lastAt.map { [.string($0.rfc3339)] } ?? []
        case .list(let list): facts.lists[list] ?? []
        case .points(.balance): [.int(facts.balance)]
        case .points(.pending): [.int(facts.pending)]
        case .points(.lifetimeEarned): [.int(facts.lifetimeEarned)]
        case .points(.lifetimeSpent): [.int(facts.lifetimeSpent)]
        case .tierID: facts.tierID.map { [.string($0)] } ?? []
        case .tierName: facts.tierName.map { [.string($0)] } ?? []
        case .score(let part): context.rfm?.score(part, facts.orders, now: context.now).map { [.int($0)] } ?? []
        case .eventCount(let type): [.int(Self.count(facts.events[type] ?? [], days: window, now: context.now))]
        case .lastEventAt(let type): facts.events[type]?.last.map { [.string(Timestamp(milliseconds: $0).rfc3339)] } ?? []
        case .answer(let survey, let question):
            facts.answers[SegmentFacts.answerKey(survey: survey, question: question)].map { ConditionFacts.values([], in: $0) } ?? []
        case .segments: facts.segments.map(JSON.string)
        }
    }

    /// Both ends count: what happened exactly `days` ago is still within them.
    private static func count(_ times: [Int64], days: Int64?, now: Timestamp) -> Int64 {
        guard let days else { return Int64(times.count) }
        let earliest = now.adding(days: -days).milliseconds
        return Int64(firstIndex(times) { $0 > now.milliseconds } - firstIndex(times) { $0 >= earliest })
    }

    /// Of sorted times the first that passes, by halving.
    private static func firstIndex(_ times: [Int64], _ passes: (Int64) -> Bool) -> Int {
        var low = 0
        var high = times.count
        while low < high {
            let middle = low + (high - low) / 2
            if passes(times[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
