public import Shared

/// One timer whose time has come.
public struct DueTimer: Sendable {
    public let kind: String
    public let key: String
    /// When it was to run; it may be late.
    public let dueAt: Timestamp
    public let payload: JSON
    /// 0 at first, then how often it failed.
    public let attempt: Int
    /// The lease under which it was handed out: ``Change/holds(_:)``.
    var lease = ""

    public init(kind: String, key: String, dueAt: Timestamp, payload: JSON, attempt: Int) {
        self.kind = kind
        self.key = key
        self.dueAt = dueAt
        self.payload = payload
        self.attempt = attempt
    }
}

/// What a service does when a timer is due, by kind.
public struct TimerHandlers: Sendable {
    public typealias Transactional = @Sendable (DueTimer, Change) throws -> Void
    public typealias External = @Sendable (DueTimer, House) async throws -> Void

    var transactional: [String: Transactional] = [:]
    var external: [String: (concurrency: Int, handler: External)] = [:]

    public init() {}

    /// Runs in the transaction that removes the timer: exactly once in effect. Timers of different keys run in no order that could be relied on, where
    /// replicas share them: what has to come in order is one timer, or looks for what is due before it.
    public mutating func on(_ kind: String, perform handler: @escaping Transactional) {
        transactional[kind] = handler
    }

    /// For what reaches outside the store. The timer is leased while the handler runs, however long that takes, and removed when it returns (unless it
    /// was scheduled anew meanwhile); a throw has it retried with back-off, a crash after the lease ends (at once where the store is embedded). At
    /// least once. `concurrency` is each replica's.
    public mutating func onExternal(_ kind: String, concurrency: Int = 8, perform handler: @escaping External) {
        external[kind] = (concurrency, handler)
    }
}
