/// The five executables, by the name they have in addresses, logs and the routing table.
public enum ServiceName: String, Sendable, CaseIterable, Hashable {
    case gateway, loyalty, referral, messaging, survey
}

/// Who hears of what. This is the one table: a publisher's relay sends a subscriber exactly the types that stand here beside its name.
/// Patterns are a whole type, a family (`order.*`) or everything (`*`).
public enum EventRouting {
    public struct Subscription: Sendable {
        public let publisher: ServiceName
        public let subscriber: ServiceName
        public let patterns: [String]
    }

    public static let table: [Subscription] = [
        // What stores and shops send. Loyalty and messaging hear everything: any event may earn points or start a flow.
        .init(publisher: .gateway, subscriber: .loyalty, patterns: ["*"]),
        .init(publisher: .gateway, subscriber: .messaging, patterns: ["*"]),
        .init(publisher: .gateway, subscriber: .referral, patterns: ["customer.*", "customers.*", "order.*", "settings.*"]),
        .init(publisher: .gateway, subscriber: .survey, patterns: ["customer.*", "customers.*", "order.*", "settings.*"]),
        // What Vefa itself says.
        .init(
            publisher: .loyalty, subscriber: .messaging,
            patterns: [
                "points.*", "tier.*", "reward.*", "coupon.*", "segment.*", "customer.*", "customers.*", "subscription.*",
            ]),
        .init(publisher: .loyalty, subscriber: .survey, patterns: ["segment.*", "customer.*", "customers.*", "grant.*"]),
        .init(publisher: .loyalty, subscriber: .referral, patterns: ["grant.*", "customer.*", "customers.*"]),
        .init(publisher: .referral, subscriber: .loyalty, patterns: ["referral.*"]),
        .init(publisher: .referral, subscriber: .messaging, patterns: ["referral.*"]),
        .init(publisher: .survey, subscriber: .loyalty, patterns: ["survey.*", "review.*", "contest.*"]),
        .init(publisher: .survey, subscriber: .messaging, patterns: ["survey.*", "review.*", "contest.*"]),
        .init(publisher: .messaging, subscriber: .loyalty, patterns: ["message.*"]),
        // The gateway keeps everything the services say, for the customer's timeline and for outbound webhooks.
        .init(publisher: .loyalty, subscriber: .gateway, patterns: ["*"]),
        .init(publisher: .referral, subscriber: .gateway, patterns: ["*"]),
        .init(publisher: .messaging, subscriber: .gateway, patterns: ["*"]),
        .init(publisher: .survey, subscriber: .gateway, patterns: ["*"]),
    ]

    public static func subscriptions(of publisher: ServiceName) -> [Subscription] {
        table.filter { $0.publisher == publisher }
    }

    public static func subscribers(of type: String, from publisher: ServiceName) -> [ServiceName] {
        table.filter { $0.publisher == publisher && $0.matches(type) }.map(\.subscriber)
    }
}

extension EventRouting.Subscription {
    public func matches(_ type: String) -> Bool {
        patterns.contains { pattern in
            if pattern == "*" { return true }
            if pattern.hasSuffix(".*") { return type.hasPrefix(pattern.dropLast()) }
            return pattern == type
        }
    }
}
