import Shared

/// What a segment may ask about a customer: the names that conditions use, read once.
public enum SegmentField: Sendable, Hashable {
    /// The path behind `customer.`.
    case customer([String])
    case orderCount, orderTotal, orderAverage, firstOrderAt, lastOrderAt
    case list(OrderList)
    case points(PointsFigure)
    case tierID, tierName
    case score(RFMPart)
    /// How often an event of this type happened.
    case eventCount(String)
    case lastEventAt(String)
    /// The latest answer to a survey's question.
    case answer(survey: String, question: String)
    /// The ids of the segments that the customer is in.
    case segments

    /// What stands in all counted orders together.
    public enum OrderList: String, Sendable, CaseIterable { case categories, products, skus, coupons, channels }

    public enum PointsFigure: String, Sendable, CaseIterable {
        case balance, pending
        case lifetimeEarned = "lifetime_earned"
        case lifetimeSpent = "lifetime_spent"
    }

    public enum RFMPart: String, Sendable, CaseIterable { case recency, frequency, monetary }

    /// What can be asked of the profile; behind `traits` the shop's own names follow.
    public static let profile: Set<String> = [
        "id", "guest", "email", "phone", "first_name", "last_name", "locale", "timezone", "country", "region", "city", "birthday",
        "accepts_marketing", "tags", "traits", "created_at",
    ]

    /// Said of customers and orders often, and not counted.
    static let uncounted: Set<String> = ["customer.updated", "customer.deleted", "order.updated", "customers.merged"]

    public init?(_ name: String) {
        guard let dot = name.firstIndex(of: ".") else {
            guard name == "segments" else { return nil }
            self = .segments
            return
        }
        let rest = String(name[name.index(after: dot)...])
        switch name[..<dot] {
        case "customer":
            let steps = rest.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard let first = steps.first, Self.profile.contains(first), !steps.contains(""), (first == "traits") == (steps.count > 1)
            else {
                return nil
            }
            self = .customer(steps)
        case "orders":
            switch rest {
            case "count": self = .orderCount
            case "total": self = .orderTotal
            case "average": self = .orderAverage
            case "first_at": self = .firstOrderAt
            case "last_at": self = .lastOrderAt
            default:
                guard let list = OrderList(rawValue: rest) else { return nil }
                self = .list(list)
            }
        case "points":
            guard let figure = PointsFigure(rawValue: rest) else { return nil }
            self = .points(figure)
        case "tier":
            switch rest {
            case "id": self = .tierID
            case "name": self = .tierName
            default: return nil
            }
        case "rfm":
            guard let part = RFMPart(rawValue: rest) else { return nil }
            self = .score(part)
        case "events":
            if let type = Self.type(rest, ".count") {
                self = .eventCount(type)
            } else if let type = Self.type(rest, ".last_at") {
                self = .lastEventAt(type)
            } else {
                return nil
            }
        case "referral":
            guard let type = Self.type(rest, ".count") else { return nil }
            self = .eventCount("referral.\(type)")
        case "messages":
            switch rest {
            case "opened", "clicked": self = .eventCount("message.\(rest)")
            default: return nil
            }
        case "survey":
            let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
            self = .answer(survey: String(parts[0]), question: String(parts[1]))
        default:
            return nil
        }
    }

    private static func type(_ rest: String, _ suffix: String) -> String? {
        guard rest.hasSuffix(suffix) else { return nil }
        let type = String(rest.dropLast(suffix.count))
        return type.isEmpty || uncounted.contains(type) ? nil : type
    }

    /// What its values are, for checking what they are compared with.
    enum Kind { case number, time, text, anything }

    var kind: Kind {
        switch self {
        case .orderCount, .orderTotal, .orderAverage, .points, .score, .eventCount: .number
        case .firstOrderAt, .lastOrderAt, .lastEventAt: .time
        case .customer(let steps): steps == ["created_at"] ? .time : .anything
        case .list, .tierID, .tierName, .segments: .text
        case .answer: .anything
        }
    }
}

extension ConditionFields {
    /// What a segment may ask about. Event types are anybody's; the rest is checked name by name (``SegmentRule``).
    public static let segments = ConditionFields(
        [
            "customer.*", "orders.*", "points.*", "tier.*", "rfm.*", "events.*", "referral.*", "messages.*", "survey.*", "segments",
        ], windowed: ["events.*", "referral.*", "messages.*"])
}
