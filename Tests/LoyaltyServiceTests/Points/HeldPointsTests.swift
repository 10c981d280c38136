import LoyaltyDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import LoyaltyService

/// Short words for what redemptions do with the ledger.
extension LoyaltyHouse {
    /// Opens a member's account, does something, and closes it again.
    @discardableResult
    func ledger<T: Sendable>(_ id: String, _ body: @escaping @Sendable (inout PointsLedger) throws -> T) async throws -> T {
        try await test.house.write { change in
            var ledger = PointsLedger(try MembersController.member(id, change.db).account, change)
            let value = try body(&ledger)
            try ledger.save()
            return value
        }
    }

    func reserve(_ id: String, _ points: Int64, _ cause: String) async throws -> [LotMove]? {
        try await ledger(id) { try $0.reserve(points, cause: cause, origin: EntryOrigin()) }
    }

    func release(_ id: String, _ moves: [LotMove], _ cause: String) async throws {
        try await ledger(id) { try $0.release(moves, cause: cause, origin: EntryOrigin()) }
    }

    func redeem(_ id: String, _ moves: [LotMove], _ cause: String) async throws {
        try await ledger(id) { try $0.redeem(moves, cause: cause, origin: EntryOrigin()) }
    }

    func giveBack(_ id: String, _ moves: [LotMove], grace: Int64, _ cause: String) async throws -> Int64 {
        try await ledger(id) { try $0.giveBack(moves, grace: grace, cause: cause, origin: EntryOrigin()) }
    }

    func order(_ id: String, _ customer: String = "42", points: Int64, placedAt: String? = nil) async throws {
        try await send(event("order.paid", orderData(id, customer: customer, total: points * 100, placedAt: placedAt)))
    }
}

@Suite("Points are held, spent and given back")
struct HeldPointsTests {
    @Test("held points are spent once, or are back where they were")
    func life() async throws {
        try await LoyaltyHouse.with { house in
            try await house.order("1", points: 100)
            let first = try #require(try await house.reserve("42", 60, "a"))
            #expect(try await house.balance("42") == 40)
            #expect(try await house.reserve("42", 41, "b") == nil)
            let second = try #require(try await house.reserve("42", 40, "c"))
            #expect(try await house.test.post("/v1/loyalty/members/42/adjustments", ["points": -1, "reason": "x"]).status == 409)
            let holding = try await house.member("42")
            #expect(holding["balance"] == 0 && holding["reserved"] == 100)
            #expect(try await house.transactions("42").map { $0["points"]?.int } == [100], "holding is no transaction")
            try await house.redeem("42", first, "a2")
            try await house.release("42", second, "c2")
            let member = try await house.member("42")
            #expect(member["balance"] == 40 && member["reserved"] == 0 && member["lifetime_spent"] == 60)
            #expect(try await house.transactions("42").map { $0["points"]?.int } == [-60, 100])
            #expect(try await house.giveBack("42", first, grace: 0, "a3") == 60)
            #expect(try await house.lots("42").first?["remaining"] == 100)
            #expect(try await house.member("42")["lifetime_spent"] == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("what runs out while it is held is gone once it is let go, and there while it is spent")
    func runsOut() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["expiry": ["kind": "rolling", "months": 1]])
            try await house.order("1", points: 100)
            let kept = try #require(try await house.reserve("42", 30, "a"))
            let given = try #require(try await house.reserve("42", 20, "b"))
            try await house.test.advance(days: 40)
            #expect(try await house.balance("42") == 0)
            try await house.release("42", given, "b2")
            try await house.redeem("42", kept, "a2")
            #expect(try await house.member("42")["lifetime_spent"] == 30)
            #expect(try await house.balance("42") == 0)
            // Its own lot has run out: with a grace it is good for that long, without it is gone.
            #expect(try await house.giveBack("42", [LotMove(lot: kept[0].lot, points: 10)], grace: 0, "a3") == 0)
            #expect(try await house.giveBack("42", [LotMove(lot: kept[0].lot, points: 20)], grace: 14, "a4") == 20)
            #expect(try await house.balance("42") == 20)
            #expect(try await house.member("42")["expiring"] == [["points": 20, "at": .from(house.test.house.now.adding(days: 14))]])
            // The refund of the order that earned them finds them all the same.
            try await house.send(event("order.refunded", refundData("1", "r", amount: 10_000), at: 60 * 24 * 40))
            #expect(try await house.balance("42") == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("shortest expiry first, first in first out on ties, and given back into their own lots")
    func ownLots() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["expiry": ["kind": "fixed", "month": 12, "day": 31]])
            try await house.order("late", points: 10, placedAt: "2026-02-02T00:00:00Z")
            try await house.order("early", points: 10, placedAt: "2026-02-01T00:00:00Z")
            try await house.setProgramme(["expiry": ["kind": "rolling", "months": 2]])
            try await house.order("short", points: 10, placedAt: "2026-02-10T00:00:00Z")
            let moves = try #require(try await house.reserve("42", 25, "a"))
            let lots = try await house.lots("42")
            func order(_ lot: String) -> String? { lots.first { $0["id"]?.string == lot }?["order_id"]?.string }
            #expect(moves.map { order($0.lot) } == ["short", "early", "late"])
            #expect(moves.map(\.points) == [10, 10, 5])
            try await house.redeem("42", moves, "a2")
            #expect(try await house.giveBack("42", moves, grace: 7, "a3") == 25)
            #expect(Set(try await house.lots("42").map { $0["remaining"]?.int }) == [10])
            #expect(try await house.lots("42").count == 3)
        }
    }

    @Test("held points are not taken back; a debt takes from what is let go or given back")
    func debts() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["clawback": "allow_negative"])
            try await house.order("1", points: 100)
            let moves = try #require(try await house.reserve("42", 80, "a"))
            try await house.send(event("order.refunded", refundData("1", "r", amount: 10_000), at: 1))
            #expect(try await house.balance("42") == -80)
            try await house.release("42", [LotMove(lot: moves[0].lot, points: 50)], "a2")
            #expect(try await house.balance("42") == -30)
            try await house.redeem("42", [LotMove(lot: moves[0].lot, points: 30)], "a3")
            #expect(try await house.balance("42") == -30)
            #expect(try await house.giveBack("42", [LotMove(lot: moves[0].lot, points: 30)], grace: 0, "a4") == 30)
            #expect(try await house.balance("42") == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("sixty-four at once hold the last points: as many as there are")
    func concurrency() async throws {
        try await LoyaltyHouse.with { house in
            try await house.order("1", points: 100)
            try await house.order("2", points: 50)
            let held = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<64 { group.addTask { try await house.reserve("42", 7, "r\(number)") != nil } }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(held == 150 / 7)
            #expect(try await house.balance("42") == 150 % 7)
            #expect(try await house.fault() == nil)
        }
    }
}
