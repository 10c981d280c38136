import Crypto
import Shared
import SharedRuntime
import Synchronization

/// A live key with what goes along with it from call to call.
final class KeyEntry: Sendable {
    let key: APIKey
    let principal: Principal
    /// Nil where limits are off.
    let bucket: TokenBucket?
    private let signed = Mutex<(header: String, until: UInt64)?>(nil)

    /// How long a signed principal is used before it is signed anew; services take one for longer than that.
    static let signatureLifetime: UInt64 = 30_000_000_000

    init(_ key: APIKey, bucket: TokenBucket?) {
        self.key = key
        self.bucket = bucket
        principal = Principal(kind: key.kind == .secret ? .secret : .publishable, keyID: key.id, scopes: key.scopes)
    }

    /// The principal as services accept it, signed at most once in 30 s.
    func principalHeader(now: UInt64, sign: (Principal) -> String) -> String {
        signed.withLock { signed in
            if let signed, now < signed.until { return signed.header }
            let header = sign(principal)
            signed = (header, now + Self.signatureLifetime)
            return header
        }
    }
}

/// The keys that open the door, in memory, by the hash of what a caller shows. A revoked key is gone as soon as its revocation is on disk.
final class KeyRing: Sendable {
    private struct State {
        var entries: [String: KeyEntry] = [:]
        var ticket = 0
        var loaded = 0
    }

    /// What replicas call the keys when they tell each other of a change.
    static let revision = "api_keys"

    private let limit: RateLimit?
    private let state = Mutex(State())

    init(limit: RateLimit?) {
        self.limit = limit
    }

    /// The live key whose text this is.
    func find(_ key: some StringProtocol) -> KeyEntry? {
        let hash = Self.hash(key)
        return state.withLock { $0.entries[hash] }
    }

    static func hash(_ key: some StringProtocol) -> String { Base64URL.encode(APIKey.hash(key)) }

    /// Reads the keys from the store. Of two readings at once, the one that began later wins.
    func reload(from house: House) async throws {
        let ticket = state.withLock { state in
            state.ticket += 1
            return state.ticket
        }
        let live = try await house.read { db in try APIKeyStore.live(db) }
        let now = MachineTime.nanoseconds
        state.withLock { state in
            guard ticket > state.loaded else { return }
            state.loaded = ticket
            let buckets = Dictionary(state.entries.values.map { ($0.key.id, $0.bucket) }, uniquingKeysWith: { first, _ in first })
            state.entries = Dictionary(
                live.map { hash, key in (hash, KeyEntry(key, bucket: buckets[key.id] ?? limit.map { TokenBucket($0, now: now) })) },
                uniquingKeysWith: { first, _ in first })
        }
    }
}
