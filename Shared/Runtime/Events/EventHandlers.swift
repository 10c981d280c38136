public import Shared

/// What a service does about the events it hears.
public struct EventHandlers: Sendable {
    public typealias Handler = @Sendable (CloudEvent, Change) throws -> Void

    private var entries: [(pattern: String, handler: Handler)] = []

    public init() {}

    /// Adds a handler for types (`order.paid`), families (`order.*`) or everything (`*`). Several may match; they run in the order added.
    public mutating func on(_ patterns: String..., perform handler: @escaping Handler) {
        for pattern in patterns { entries.append((pattern, handler)) }
    }

    func apply(_ event: CloudEvent, _ change: Change) throws {
        for (pattern, handler) in entries where Self.matches(pattern, event.type) { try handler(event, change) }
    }

    private static func matches(_ pattern: String, _ type: String) -> Bool {
        if pattern == "*" || pattern == type { return true }
        return pattern.hasSuffix(".*") && type.utf8.starts(with: pattern.utf8.dropLast())
    }
}

/// The domain will not take this event: it goes to the dead letters with its reason, and the ones behind it go on.
public struct EventRefusal: Error, Sendable {
    public let code: String
    public let detail: String

    public init(_ code: String, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}

/// This event came before what it is about: it waits until ``Change/release(_:)`` names the key.
public struct EventParked: Error, Sendable {
    public let key: String
    public let code: String
    public let detail: String

    public init(waitingFor key: String, code: String, detail: String) {
        self.key = key
        self.code = code
        self.detail = detail
    }
}
