import Synchronization

/// How many calls a caller may make: `rate` a second for ever, and `burst` at once after a pause.
struct RateLimit: Sendable, Equatable {
    /// Calls a second, ≥ 1.
    let rate: Int
    /// Calls at once, ≥ `rate`.
    let burst: Int
    /// As the `RateLimit-Policy` header tells it (draft-ietf-httpapi-ratelimit-headers).
    let policy: String

    /// `burst` is twice the rate where it is not given.
    init(rate: Int, burst: Int? = nil) {
        self.rate = max(1, rate)
        self.burst = max(self.rate, burst ?? self.rate * 2)
        policy = "\"default\";q=\(self.rate);w=1"
    }

    static let standard = RateLimit(rate: 1_000)

    /// Reads `VEFA_RATE_LIMIT`: `off` for none, or a number of calls a second; absent: 1,000.
    /// - Throws: ``InvalidRateLimit`` for anything else.
    static func read(_ text: String?) throws(InvalidRateLimit) -> RateLimit? {
        guard let text, !text.isEmpty else { return .standard }
        if text.lowercased() == "off" { return nil }
        guard let rate = Int(text), (1...1_000_000).contains(rate) else { throw InvalidRateLimit(text: text) }
        return RateLimit(rate: rate)
    }
}

struct InvalidRateLimit: Error, CustomStringConvertible {
    let text: String
    var description: String { "VEFA_RATE_LIMIT is \"\(text)\"; it may be off or calls a second, 1 to 1000000" }
}

/// One caller's tokens. Time is passed in, in nanoseconds of a clock that only goes forward: limits go by machine time, not the sandbox's.
final class TokenBucket: Sendable {
    /// What a call found.
    struct Verdict: Sendable, Equatable {
        let isAllowed: Bool
        /// Calls that may follow at once.
        let remaining: Int
        /// Whole seconds until there is a token again; 0 while there is one.
        let retryAfter: Int

        /// As the `RateLimit` header tells it.
        var header: String { "\"default\";r=\(remaining);t=\(max(1, retryAfter))" }
    }

    private struct State {
        var tokens: Double
        var filledAt: UInt64
    }

    let limit: RateLimit
    private let state: Mutex<State>

    init(_ limit: RateLimit, now: UInt64) {
        self.limit = limit
        state = Mutex(State(tokens: Double(limit.burst), filledAt: now))
    }

    /// Takes a token where there is one.
    func take(now: UInt64) -> Verdict {
        state.withLock { state in
            refill(&state, now)
            guard state.tokens >= 1 else {
                let missing = (1 - state.tokens) / Double(limit.rate)
                return Verdict(isAllowed: false, remaining: 0, retryAfter: max(1, Int(missing.rounded(.up))))
            }
            state.tokens -= 1
            return Verdict(isAllowed: true, remaining: Int(state.tokens), retryAfter: 0)
        }
    }

    /// Whether nobody has called for long enough that forgetting this bucket changes nothing.
    func isFull(now: UInt64) -> Bool {
        state.withLock { state in
            refill(&state, now)
            return state.tokens >= Double(limit.burst)
        }
    }

    private func refill(_ state: inout State, _ now: UInt64) {
        guard now > state.filledAt else { return }
        let seconds = Double(now - state.filledAt) / 1e9
        state.tokens = min(Double(limit.burst), state.tokens + seconds * Double(limit.rate))
        state.filledAt = now
    }
}
