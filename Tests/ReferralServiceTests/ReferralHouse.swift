import HTTPTypes
import ReferralService
import Shared
import SharedRuntime
import SharedTesting
import Synchronization
import Testing

/// loyalty-svc's stand-in: one coupon a key, however often it is asked for.
final class TestDesk: GrantDesk {
    private struct Book {
        var given: [String: Grant] = [:]
        var calls = 0
        var isDown = false
        var refusal: String?
    }

    private let book = Mutex(Book())

    var given: [String: Grant] { book.withLock { $0.given } }
    var calls: Int { book.withLock { $0.calls } }
    func setDown(_ isDown: Bool) { book.withLock { $0.isDown = isDown } }
    func refuse(_ code: String?) { book.withLock { $0.refusal = code } }

    func give(_ grant: Grant) async throws -> GrantOutcome {
        try book.withLock { book in
            book.calls += 1
            if book.isDown { throw ServiceCallError(service: .loyalty, reason: .unreachable) }
            if let code = book.refusal {
                return GrantOutcome(key: grant.key, state: .refused, reason: grant.reason, code: code, detail: "no")
            }
            book.given[grant.key] = grant
            return GrantOutcome(
                key: grant.key, state: .issued, reason: grant.reason, origin: grant.origin, couponCode: Self.coupon(grant.key))
        }
    }

    static func coupon(_ key: String) -> String { "FRIEND-" + key.suffix(8).uppercased() }
}

/// A referral-svc of its own, with short words for what its tests do.
struct ReferralHouse: Sendable {
    let test: TestHouse
    let desk: TestDesk

    static func with(_ body: (ReferralHouse) async throws -> Void) async throws {
        let desk = TestDesk()
        let house = ReferralHouse(test: try await TestHouse.start(ReferralService.definition(desk: { _ in desk })), desk: desk)
        do {
            try await body(house)
        } catch {
            await house.test.stop()
            throw error
        }
        await house.test.stop()
    }

    // MARK: - Calls

    var programme: JSON { get async throws { try await test.get("/v1/referral/programs").json["data"]?[0] ?? .null } }

    /// The default programme, changed in these fields.
    func change(_ fields: [String: JSON]) async throws {
        var object = try #require(try await programme.object)
        for (name, value) in fields { object[name] = value }
        let id = object["id"]?.string ?? ""
        let answer = try await test.put("/v1/referral/programs/\(id)", .object(object))
        #expect(answer.status == 200, "\(answer.text)")
    }

    @discardableResult
    func advocate(_ id: String = "ada", code: String? = "ADA10") async throws -> String {
        let body: JSON = code.map { ["code": .string($0)] } ?? [:]
        let answer = try await test.put("/v1/referral/advocates/\(id)", body)
        return try #require(answer.json["code"]?.string, "\(answer.text)")
    }

    func claim(_ email: String, code: String = "ADA10", customer: String? = nil) async throws -> TestHouse.Answer {
        var body = JSONObject([.init(name: "code", value: .string(code)), .init(name: "email", value: .string(email))])
        body["customer_id"] = customer.map(JSON.string)
        return try await test.post("/v1/referral/claims", .object(body))
    }

    /// Claims, and answers the referral's id and the coupon.
    func claimed(_ email: String, customer: String? = nil) async throws -> (id: String, coupon: String) {
        let answer = try await claim(email, customer: customer)
        #expect(answer.status == 201, "\(answer.text)")
        return (answer.json["referral_id"]?.string ?? "", answer.json["coupon_code"]?.string ?? "")
    }

    func referral(_ id: String) async throws -> JSON { try await test.get("/v1/referral/referrals/\(id)").json }
    func state(_ id: String) async throws -> String? { try await referral(id)["state"]?.string }
    func referrals(_ query: String = "") async throws -> [JSON] {
        try await test.get("/v1/referral/referrals?limit=200\(query)").json["data"]?.array ?? []
    }

    func byHand(_ move: String, _ id: String, _ reason: String? = nil) async throws -> TestHouse.Answer {
        try await test.post("/v1/referral/referrals/\(id)/\(move)", reason.map { ["reason": .string($0)] } ?? [:])
    }

    // MARK: - Events

    func send(_ events: CloudEvent...) async throws { try await test.deliver(events) }

    /// What loyalty says of a grant.
    func outcome(_ type: String, _ referral: String, _ outcome: GrantOutcome) async throws {
        var outcome = outcome
        outcome.origin = JSONObject([.init(name: "referral_id", value: .string(referral))])
        let id = "grant-\(eventNumber.wrappingAdd(1, ordering: .relaxed).newValue)"
        let event = CloudEvent(id: id, source: "vefa/loyalty", type: type, time: test.house.now, data: outcome.json)
        try await test.deliver([event], from: .loyalty)
    }

    /// The keys of all grants ordered, and of all revoked, in their order.
    func orders() async throws -> (grants: [String], revokes: [String]) {
        let data = try await test.said().map(\.data)
        return (
            data.flatMap { $0["grants"]?.array ?? [] }.compactMap { $0["key"]?.string },
            data.flatMap { $0["revokes"]?.array ?? [] }.compactMap(\.string)
        )
    }
}

let eventNumber = Atomic<Int>(0)

/// An event with an id of its own; `at` in minutes after the tests' start of time.
func event(_ type: String, _ data: JSON, at minutes: Int64 = 0) -> CloudEvent {
    let number = eventNumber.wrappingAdd(1, ordering: .relaxed).newValue
    return CloudEvent(
        id: "event-\(number)", source: "shop", type: type, time: TestHouse.startOfTime.adding(seconds: minutes * 60), data: data)
}

/// An order's event: `subtotal` before discounts, 10.00 off where it has a coupon.
func order(
    _ type: String, _ id: String, customer: String? = nil, email: String? = nil, subtotal: Int64 = 5_000, coupon: String? = nil,
    code: String? = nil, at minutes: Int64 = 0, placedAt: Int64? = nil
) -> CloudEvent {
    var person = JSONObject()
    person["id"] = .from(customer)
    person["email"] = email.map(JSON.string)
    let discount: Int64 = coupon == nil ? 0 : 1_000
    var data = JSONObject([
        .init(name: "order_id", value: .string(id)), .init(name: "customer", value: .object(person)), .init(name: "currency", value: "TRY"),
        .init(name: "subtotal", value: .int(subtotal)), .init(name: "discount_total", value: .int(discount)),
        .init(name: "total", value: .int(subtotal - discount)),
    ])
    data["coupon_codes"] = coupon.map { [.string($0)] }
    data["referral_code"] = code.map(JSON.string)
    data["placed_at"] = placedAt.map { .from(TestHouse.startOfTime.adding(seconds: $0 * 60)) }
    return event(type, .object(data), at: minutes)
}

func refund(_ order: String, _ id: String, _ amount: Int64, at minutes: Int64 = 1) -> CloudEvent {
    event("order.refunded", ["order_id": .string(order), "refund_id": .string(id), "amount": .int(amount)], at: minutes)
}

func customer(_ id: String, _ email: String) -> CloudEvent {
    event("customer.created", ["customer": ["id": .string(id), "email": .string(email)]])
}

/// A storefront, with or without its shopper's token.
func storefront(_ customer: String? = nil) -> Principal {
    Principal(kind: .publishable, keyID: "pk", scopes: ["referral:write", "referral:read"], customerID: customer)
}

/// What the gateway tells of the shop.
func settings(_ url: String?, hosts: [String] = []) -> CloudEvent {
    let settings = StoreSettings(storeName: "The <Shop>", storeURL: url.flatMap(WebAddress.init), allowedHosts: hosts)
    let number = eventNumber.wrappingAdd(1, ordering: .relaxed).newValue
    return CloudEvent(
        id: "settings-\(number)", source: "vefa/gateway", type: StoreSettings.changed, time: TestHouse.startOfTime, data: settings.json)
}
