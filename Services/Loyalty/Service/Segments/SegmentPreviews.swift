import Shared
import Synchronization

/// Few previews at a time: each goes over everybody, and other reads have their turn between.
final class SegmentPreviews: Sendable {
    static let most = 2

    private let running = Mutex(0)

    func run<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        let isFree = running.withLock { running in
            guard running < Self.most else { return false }
            running += 1
            return true
        }
        guard isFree else {
            throw Problem(
                429, "busy", "Too many calls", detail: "\(Self.most) previews are being reckoned already.", retryAfter: 2)
        }
        defer { running.withLock { $0 -= 1 } }
        return try await body()
    }
}
