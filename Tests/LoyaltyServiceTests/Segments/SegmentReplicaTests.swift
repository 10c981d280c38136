import Foundation
import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Segments over replicas", .serialized, .enabled(if: TestStores.isShared, "an embedded store has no replicas"))
struct SegmentReplicaTests {
    private static let buyers: JSON = ["field": "orders.total", "op": "gte", "value": 3_000]

    private func with(_ count: Int, _ body: (Replicas) async throws -> Void) async throws {
        let definition: @Sendable (Int) -> ServiceDefinition = { _ in LoyaltyService.definition }
        try await Replicas.with(count, of: definition, body)
    }

    @Test("a definition is edited while events come to both replicas: members are those a preview counts, each told once")
    func editMeetsEvents() async throws {
        try await with(2) { replicas in
            let house = LoyaltyHouse(test: replicas[0])
            try await house.send((0..<40).map { event("order.paid", orderData("a\($0)", customer: "c\($0)", total: Int64($0) * 100)) })
            let id = try await house.addSegment(["field": "orders.count", "op": "gte", "value": 2])
            let events = (0..<40).map { event("order.paid", orderData("b\($0)", customer: "c\($0)", total: 1_000), id: "b\($0)") }
            async let heard: Void = replicas.hearAtOnce(events)
            async let edited = replicas[1].put("/v1/segments/\(id)", ["name": "edited", "rule": Self.buyers])
            #expect(try await edited.status == 200)
            async let ran = replicas.runDueTimers()
            _ = try await (heard, ran)
            try await replicas.runDueTimers()
            let kept = try await LoyaltyHouse(test: replicas[1]).members(id)
            #expect(kept == (20..<40).map { "c\($0)" }.sorted())
            #expect(try await house.preview(Self.buyers)["count"] == .int(Int64(kept.count)))
            #expect(try await house.segment(id)["state"] == "ready")
            // Following what was said comes to the same members.
            var followed: Set<String> = []
            for event in try await house.test.said() where event.data["segment_id"] == .string(id) {
                let customer = event.data["customer_id"]?.string
                if event.type == "segment.entered", let customer { followed.insert(customer) }
                if event.type == "segment.left", let customer { followed.remove(customer) }
                for entered in event.data["entered"]?.array ?? [] { followed.insert(entered.string ?? "") }
                for left in event.data["left"]?.array ?? [] { followed.remove(left.string ?? "") }
            }
            #expect(followed.sorted() == kept)
        }
    }

    @Test("who was still being reckoned by the definition before is looked at after them")
    func editMeetsSlowWriter() async throws {
        try await with(2) { replicas in
            let house = LoyaltyHouse(test: replicas[0])
            try await house.send((0..<5).map { event("order.paid", orderData("a\($0)", customer: "c\($0)", total: 100)) })
            let id = try await house.addSegment(["field": "orders.count", "op": "gte", "value": 2])
            let (begun, hasBegun) = AsyncStream<Void>.makeStream()
            let goOn = DispatchSemaphore(value: 0)
            let before = try await house.test.house.read { db in
                try db.first("SELECT token FROM loyalty_state WHERE state_id = 1") { $0.text(0) }
            }
            // A write that has read the programme as it was, and keeps what it found by it later than the edit.
            let slow = Task {
                try await replicas[0].house.write { change in
                    let token = try change.db.first("SELECT token FROM loyalty_state WHERE state_id = 1") { $0.text(0) }
                    hasBegun.finish()
                    goOn.wait()
                    goOn.signal()
                    // Run again, it would reckon by what there is by then.
                    guard token == before else { return false }
                    try change.db.execute(
                        "INSERT INTO segment_members (segment_id, customer_id, entered_at) VALUES (\(id), 'c1', \(change.now))")
                    return true
                }
            }
            for await _ in begun {}
            let edited = try await replicas[1].put("/v1/segments/\(id)", ["name": "edited", "rule": Self.buyers])
            #expect(edited.status == 200)
            async let ran = replicas[1].runDueTimers()
            try await until("the computing was taken up") {
                try await replicas[1].house.read { db in
                    try db.exists("SELECT 1 FROM timers WHERE kind = 'segment.compute' AND lease IS NOT NULL")
                }
            }
            goOn.signal()
            _ = try await slow.value
            _ = try await ran
            #expect(try await LoyaltyHouse(test: replicas[1]).members(id) == [])
            #expect(try await house.segment(id)["state"] == "ready")
        }
    }

    @Test("what ages out is told once, whichever replica finds it")
    func ageing() async throws {
        try await with(3) { replicas in
            let house = LoyaltyHouse(test: replicas[0])
            let id = try await house.addSegment(["field": "events.page.viewed.count", "op": "gte", "value": 1, "within_days": 2])
            try await house.send((0..<30).map { event("page.viewed", [:], subject: "c\($0)") })
            #expect(try await house.members(id).count == 30)
            replicas.set(TestHouse.startOfTime.adding(days: 2))
            try await replicas.runDueTimers()
            #expect(try await house.members(id).count == 30)
            replicas.set(TestHouse.startOfTime.adding(days: 2).adding(milliseconds: 1))
            try await replicas.runDueTimers()
            #expect(try await house.members(id) == [])
            #expect(try await house.test.said("segment.left").count == 30)
        }
    }
}
