import NIOCore
import NIOPosix

/// Waits for a condition by asking again and again, without a fixed sleep; throws with a reason when it does not come true in time. Where the store
/// is shared what a killed process had in hand is taken up when its lease has run out, after ten seconds and more.
public func until(
    _ what: String, within seconds: Double = TestStores.isShared ? 40 : 10, _ condition: @Sendable () async throws -> Bool
) async throws {
    let deadline = NIODeadline.now() + .nanoseconds(Int64(seconds * 1e9))
    while true {
        if try await condition() { return }
        guard NIODeadline.now() < deadline else { throw TestHouse.Unexpected(description: "in \(seconds) s not: \(what)") }
        try await MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .milliseconds(10)) {}.futureResult.get()
    }
}
