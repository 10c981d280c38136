import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting

extension LoyaltyHouse {
    @discardableResult
    func addTier(
        _ name: String, _ threshold: Int64, basis: String = "points_earned", window: JSON = ["kind": "lifetime"], multiplier: Double = 1,
        grace: Int64 = 0, more: [String: JSON] = [:]
    ) async throws -> String {
        var body = JSONObject([
            .init(name: "name", value: .string(name)), .init(name: "threshold", value: .int(threshold)),
            .init(name: "basis", value: .string(basis)), .init(name: "window", value: window),
            .init(name: "multiplier", value: .double(multiplier)), .init(name: "grace_days", value: .int(grace)),
        ])
        for (name, value) in more { body[name] = value }
        let answer = try await test.post("/v1/loyalty/tiers", .object(body))
        guard answer.status == 201, let id = answer.json["id"]?.string else { throw Unexpected(answer: answer.text) }
        return id
    }

    /// The member's tier's name; nil for none.
    func tier(_ customer: String) async throws -> String? { try await member(customer)["tier"]?["name"]?.string }

    /// What was said of tiers, in order: `upgraded -> Gold`, with the member's id where several are asked for.
    func tierNews(_ customer: String? = nil) async throws -> [String] {
        try await test.said().filter { $0.type.hasPrefix("tier.") && (customer == nil || $0.subject == customer) }
            .map { "\($0.type.dropFirst(5)) -> \($0.data["tier"]?.string ?? "none")" }
    }

    /// An order that was paid `days` after the tests' start of time (before it, where below 0), in 1.00s.
    func pay(_ order: String, _ customer: String, _ amount: Int64, daysAfterStart days: Int64? = nil) async throws {
        let at = days.map { TestHouse.startOfTime.adding(days: $0) } ?? test.house.now
        try await send(
            CloudEvent(
                id: "paid-\(order)", source: "shop", type: "order.paid", time: at, subject: nil,
                data: orderData(order, customer: customer, total: amount * 100, placedAt: at.rfc3339)))
    }

    func refund(_ order: String, _ refund: String, _ amount: Int64) async throws {
        try await send(
            CloudEvent(
                id: "refund-\(order)-\(refund)", source: "shop", type: "order.refunded", time: test.house.now, subject: nil,
                data: refundData(order, refund, amount: amount * 100)))
    }
}

let yearly: JSON = ["kind": "rolling_days", "days": 365]
