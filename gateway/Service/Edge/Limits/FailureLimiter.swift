import Shared
import SharedRuntime
import Synchronization

/// Slows down whoever guesses keys or signatures: refused calls are counted per client address, and an address with too many is told to wait.
/// A call with a good key is never counted nor hindered, so a guesser behind the same address translator harms nobody.
final class FailureLimiter: Sendable {
    /// Refused calls a second, and twice as many at once.
    static let limit = RateLimit(rate: 50)
    /// Addresses remembered at once; past it those that have gone quiet are forgotten, and if none has, all.
    static let maximumAddresses = 10_000

    private let isOn: Bool
    private let buckets = Mutex<[String: TokenBucket]>([:])

    init(isOn: Bool) {
        self.isOn = isOn
    }

    /// Counts one refused call of this caller.
    /// - Throws: `Problem` 429 when there were too many.
    func record(_ context: VefaContext) throws {
        guard isOn else { return }
        let verdict = record(context.remoteAddress ?? "", now: MachineTime.nanoseconds)
        if !verdict.isAllowed {
            throw Problem(429, "rate_limited", "Too many calls", detail: "Too many calls were refused.", retryAfter: verdict.retryAfter)
        }
    }

    func record(_ address: String, now: UInt64) -> TokenBucket.Verdict {
        let bucket = buckets.withLock { buckets in
            if let bucket = buckets[address] { return bucket }
            if buckets.count >= Self.maximumAddresses {
                buckets = buckets.filter { !$0.value.isFull(now: now) }
                if buckets.count >= Self.maximumAddresses { buckets.removeAll(keepingCapacity: true) }
            }
            let bucket = TokenBucket(Self.limit, now: now)
            buckets[address] = bucket
            return bucket
        }
        return bucket.take(now: now)
    }
}
