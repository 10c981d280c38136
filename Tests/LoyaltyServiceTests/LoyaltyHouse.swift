import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Synchronization

/// A loyalty-svc of its own, with short words for what its tests do.
struct LoyaltyHouse: Sendable {
    let test: TestHouse

    /// Runs `body` against a fresh house and puts it away again.
    static func with(_ body: (LoyaltyHouse) async throws -> Void) async throws {
        let house = LoyaltyHouse(test: try await TestHouse.start(LoyaltyService.definition))
        do {
            try await body(house)
        } catch {
            await house.test.stop()
            throw error
        }
        await house.test.stop()
    }

    // MARK: - Events

    func send(_ events: CloudEvent...) async throws { try await test.deliver(events) }
    func send(_ events: [CloudEvent]) async throws { try await test.deliver(events) }

    // MARK: - Answers

    func member(_ id: String) async throws -> JSON { try await test.get("/v1/loyalty/members/\(id)").json }
    func balance(_ id: String) async throws -> Int64 { try await member(id)["balance"]?.int ?? -1 }

    func transactions(_ id: String) async throws -> [JSON] {
        try await test.get("/v1/loyalty/members/\(id)/transactions?limit=200").json["data"]?.array ?? []
    }

    func lots(_ id: String) async throws -> [JSON] {
        try await test.get("/v1/loyalty/members/\(id)/lots?limit=200").json["data"]?.array ?? []
    }

    /// Nil when the ledger adds up, else the first fault.
    func fault() async throws -> JSON? {
        let answer = try await test.get("/v1/loyalty/ledger/verify").json
        return answer["balanced"] == true ? nil : answer["first_bad"]
    }

    func setProgramme(_ settings: JSON) async throws {
        let answer = try await test.put("/v1/loyalty/program", settings)
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
    }

    /// Makes a rule and answers its id.
    @discardableResult
    func addRule(_ rule: JSON) async throws -> String {
        let answer = try await test.post("/v1/loyalty/earning_rules", rule)
        guard answer.status == 201, let id = answer.json["id"]?.string else { throw Unexpected(answer: answer.text) }
        return id
    }

    func removeDefaultRule() async throws {
        let rules = try await test.get("/v1/loyalty/earning_rules").json["data"]?.array ?? []
        for rule in rules { _ = try await test.delete("/v1/loyalty/earning_rules/\(rule["id"]?.string ?? "")") }
    }
}

struct Unexpected: Error { let answer: String }

// MARK: - Events as a store says them

private let eventNumber = Atomic<Int>(0)

/// An event with an id of its own; `at` in minutes after the tests' start of time.
func event(_ type: String, _ data: JSON, at minutes: Int64 = 0, subject: String? = nil, id: String? = nil) -> CloudEvent {
    let number = eventNumber.wrappingAdd(1, ordering: .relaxed).newValue
    return CloudEvent(
        id: id ?? "event-\(number)", source: "shop", type: type, time: TestHouse.startOfTime.adding(seconds: minutes * 60),
        subject: subject, data: data)
}

/// An order's data: `total` in minor units, the subtotal the same.
func orderData(
    _ id: String, customer: String? = nil, email: String? = nil, total: Int64 = 4_995, currency: String = "TRY", placedAt: String? = nil,
    more: [String: JSON] = [:]
) -> JSON {
    var person = JSONObject()
    person["id"] = .from(customer)
    person["email"] = email.map(JSON.string)
    var object = JSONObject([
        .init(name: "order_id", value: .string(id)), .init(name: "customer", value: .object(person)),
        .init(name: "currency", value: .string(currency)), .init(name: "subtotal", value: .int(total)),
        .init(name: "discount_total", value: 0),
        .init(name: "total", value: .int(total)),
    ])
    object["placed_at"] = placedAt.map(JSON.string)
    for (name, value) in more { object[name] = value }
    return .object(object)
}

func refundData(_ order: String, _ refund: String, amount: Int64? = nil, items: [JSON] = []) -> JSON {
    ["order_id": .string(order), "refund_id": .string(refund), "amount": .from(amount), "items": .array(items)]
}
