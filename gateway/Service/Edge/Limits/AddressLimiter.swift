import Shared
import SharedRuntime
import Synchronization

/// Counts calls by the address they come from, and tells an address with too many to wait.
final class AddressLimiter: Sendable {
    /// Refused calls: whoever guesses keys, signatures or tokens is slowed down. A call with a good key is never counted nor hindered, so a guesser
    /// behind the same address translator harms nobody.
    static let guesses = RateLimit(rate: 50)
    /// Calls that anybody may make: links in mails, pages, browsers' questions.
    static let visits = RateLimit(rate: 50, burst: 200)
    /// Addresses remembered at once; past it those that have gone quiet are forgotten, and if none has, all.
    static let maximumAddresses = 10_000

    private let limit: RateLimit?
    private let detail: String
    private let buckets = Mutex<[[UInt8]: TokenBucket]>([:])

    /// Nil for no limit. `detail` is what somebody past it hears.
    init(_ limit: RateLimit?, detail: String) {
        self.limit = limit
        self.detail = detail
    }

    /// Counts one call from an address; nil is one too.
    /// - Throws: `Problem` 429 when there were too many.
    func count(_ address: IPAddress?) throws {
        let verdict = count(address, now: MachineTime.nanoseconds)
        if let verdict, !verdict.isAllowed {
            throw Problem(429, "rate_limited", "Too many calls", detail: detail, retryAfter: verdict.retryAfter)
        }
    }

    /// Nil where there is no limit.
    func count(_ address: IPAddress?, now: UInt64) -> TokenBucket.Verdict? {
        guard let limit else { return nil }
        let key = address?.limitKey ?? []
        let bucket = buckets.withLock { buckets in
            if let bucket = buckets[key] { return bucket }
            if buckets.count >= Self.maximumAddresses {
                buckets = buckets.filter { !$0.value.isFull(now: now) }
                if buckets.count >= Self.maximumAddresses { buckets.removeAll(keepingCapacity: true) }
            }
            let bucket = TokenBucket(limit, now: now)
            buckets[key] = bucket
            return bucket
        }
        return bucket.take(now: now)
    }
}
