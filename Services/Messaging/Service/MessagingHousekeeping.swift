import ServiceLifecycle
import Shared
import SharedRuntime
import SharedStore

/// Throws away what nobody will ask for any more, a little at a time. A restart only makes it later, so it needs no timer row.
struct MessagingHousekeeping: Service {
    private static let pause = Duration.seconds(300)
    private static let slice = 2_000
    private static let decisionDays: Int64 = 30
    private static let placedOrderDays: Int64 = 60

    let house: House

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await sweep() } catch { house.logger.notice("could not clean up", metadata: ["reason": "\(error)"]) }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    func sweep() async throws {
        let now = house.now
        try await delete(
            """
            DELETE FROM recent_events WHERE (event_type, match_key, event_id, source) IN
                (SELECT event_type, match_key, event_id, source FROM recent_events WHERE forget_at < \(now) LIMIT \(Self.slice))
            """)
        try await delete(
            """
            DELETE FROM flow_decisions WHERE (flow_id, run_key, code) IN
                (SELECT flow_id, run_key, code FROM flow_decisions WHERE decided_at < \(now.adding(days: -Self.decisionDays)) LIMIT \(Self.slice))
            """)
        try await delete(
            """
            DELETE FROM placed_orders WHERE order_id IN
                (SELECT order_id FROM placed_orders WHERE noted_at < \(now.adding(days: -Self.placedOrderDays)) LIMIT \(Self.slice))
            """)
        try await delete(
            """
            DELETE FROM flow_exits WHERE (flow_id, match_key) IN
                (SELECT flow_id, match_key FROM flow_exits WHERE heard_at < \(now.adding(seconds: -FlowExits.memorySeconds)) LIMIT \(Self.slice))
            """)
        try await house.store.write { db in try FlowStore.forgetInterests(db) }
    }

    private func delete(_ sql: SQL) async throws {
        while !Task.isCancelled {
            let rows = try await house.store.write { db in try db.execute(sql) }
            if rows < Self.slice { return }
        }
    }
}
