import Shared
import SharedRuntime
import SharedTesting
import SurveyService
import Testing

@Suite("Surveys stay exact over replicas", .serialized, .enabled(if: TestStores.isShared, "an embedded store has no replicas"))
struct SurveyReplicaTests {
    private func with(_ count: Int = 2, _ body: (Replicas, SurveyHouse) async throws -> Void) async throws {
        try await Replicas.with(count, of: { _ in SurveyService.definition }) { replicas in
            try await body(replicas, SurveyHouse(test: replicas[0]))
        }
    }

    @Test("a person answers once and is rewarded once", arguments: [2, 4])
    func once(_ count: Int) async throws {
        try await with(count) { replicas, house in
            let id = try await house.publish([SurveyHouse.nps], ["reward": ["kind": "points", "points": 10]])
            let answers = try await replicas.atOnce { number, replica in
                try await SurveyHouse(test: replica).respond(
                    id, ["customer_id": .string("c\(number % 8)"), "answers": ["q1": 9], "completed": true])
            }
            #expect(answers.count { $0.status == 201 } == 8)
            #expect(answers.count { $0.code == "already_answered" } == 56)
            let completed = try await house.test.said("survey.completed")
            #expect(completed.count == 8 && Set(completed.map(\.subject)).count == 8)
            let keys = completed.flatMap { $0.data["grants"]?.array ?? [] }.compactMap { $0["key"]?.string }
            #expect(keys.count == 8 && Set(keys).count == 8)
        }
    }

    @Test("figures are the answers counted, though everybody answers at once")
    func figures() async throws {
        try await with(4) { replicas, house in
            let id = try await house.publish()
            let statuses = try await replicas.atOnce { number, replica in
                try await SurveyHouse(test: replica).respond(
                    id, ["customer_id": .string("c\(number)"), "answers": ["q1": .int(Int64(number % 11))], "completed": true]
                ).status
            }
            #expect(statuses.allSatisfy { $0 == 201 })
            let stats = try await house.stats(id)
            #expect(stats["completed"] == 64, "\(stats.text)")
        }
    }

    @Test("an order is asked about once, whichever replica's timer runs")
    func invitations() async throws {
        try await with(4) { replicas, house in
            _ = try await house.publish(
                [SurveyHouse.nps], ["trigger": ["event": "order.delivered", "after_days": 3], "title": ["en": "Well?", "tr": "Nasıl?"]])
            try await replicas.hearAtOnce(
                (0..<8).flatMap {
                    [order("order.placed", "o\($0)", customer: "c\($0)"), order("order.delivered", "o\($0)", customer: "c\($0)", at: 1)]
                })
            replicas.set(TestHouse.startOfTime.adding(days: 4))
            try await replicas.runDueTimers()
            let invited = try await house.test.said("survey.invited").compactMap { $0.data["order_id"]?.string }
            #expect(invited.count == 8 && Set(invited).count == 8)
        }
    }

    @Test("somebody with two parcels is asked about one of them, by whichever replica")
    func quiet() async throws {
        try await with(4) { replicas, house in
            _ = try await house.publish(
                [SurveyHouse.nps], ["trigger": ["event": "order.delivered", "after_days": 3], "title": ["en": "Well?", "tr": "Nasıl?"]])
            try await house.test.deliver(
                (0..<4).flatMap {
                    [order("order.placed", "o\($0)", customer: "c1"), order("order.delivered", "o\($0)", customer: "c1", at: 1)]
                })
            replicas.set(TestHouse.startOfTime.adding(days: 4))
            try await replicas.runDueTimers()
            #expect(try await house.test.said("survey.invited").count == 1)
        }
    }
}
