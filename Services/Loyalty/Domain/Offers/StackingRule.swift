public import Shared

/// Whether a coupon or an offer goes together with others on one order.
public enum StackingRule: Sendable, Hashable {
    /// With nothing else.
    case none
    /// With everything that is not alone.
    case all
    /// With everything that is not alone and not of the same group.
    case group(String)

    /// Reads `"none"`, `"all"` or `{"group": name}`; nil where there is nothing, or something wrong, which is noted.
    public static func read(_ reader: FieldReader, _ name: String = "stacking") -> StackingRule? {
        guard let value = reader.raw(name) else { return nil }
        switch value {
        case .string("none"): return StackingRule.none
        case .string("all"): return .all
        case .object:
            guard let rule = reader.reader(name) else { return nil }
            let group = rule.requiredString("group", max: 64)
            rule.refuseUnknown()
            return group.map(StackingRule.group)
        default:
            reader.fail(name, "invalid", "one of none, all, {\"group\": name} was expected")
            return nil
        }
    }

    public var json: JSON {
        switch self {
        case .none: "none"
        case .all: "all"
        case .group(let name): ["group": .string(name)]
        }
    }

    public var groupName: String? { if case .group(let name) = self { name } else { nil } }

    public static func goTogether(_ a: StackingRule, _ b: StackingRule) -> Bool {
        switch (a, b) {
        case (.none, _), (_, .none): false
        case (.group(let first), .group(let second)): first != second
        default: true
        }
    }
}

/// How the programme chooses among what does not go together, and what comes off first.
public struct StackingPolicy: Sendable, Hashable {
    public enum Choice: String, Sendable, CaseIterable {
        /// Whatever takes most off.
        case bestForShopper = "best_for_shopper"
        /// The highest priority first.
        case priority
    }

    public enum Order: String, Sendable, CaseIterable {
        case percentFirst = "percent_first"
        case fixedFirst = "fixed_first"
    }

    public var choice: Choice
    public var order: Order

    public init(choice: Choice = .bestForShopper, order: Order = .percentFirst) {
        self.choice = choice
        self.order = order
    }

    /// This policy with what a PUT says changed.
    func changed(by reader: FieldReader) -> StackingPolicy {
        let result = StackingPolicy(
            choice: reader.choice("choose", Choice.self) ?? choice, order: reader.choice("order", Order.self) ?? order)
        reader.refuseUnknown()
        return result
    }

    public var json: JSON { ["choose": .string(choice.rawValue), "order": .string(order.rawValue)] }
}
