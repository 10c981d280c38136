import Shared
import SharedRuntime
import SharedTesting

extension LoyaltyHouse {
    /// Makes a batch and answers it.
    @discardableResult
    func addCoupons(_ batch: JSON) async throws -> JSON {
        let answer = try await test.post("/v1/coupon_batches", batch)
        guard answer.status == 201 else { throw Unexpected(answer: answer.text) }
        return answer.json
    }

    func validate(_ code: String, _ cart: JSON = cart(), customer: JSON? = nil) async throws -> JSON {
        let answer = try await test.post("/v1/coupons/\(code)/validate", couponBody(cart: cart, customer: customer))
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
        return answer.json
    }

    func redeem(_ code: String, _ order: String, _ cart: JSON = cart(), customer: JSON? = nil) async throws -> TestHouse.Answer {
        try await test.post("/v1/coupons/\(code)/redemptions", couponBody(order: order, cart: cart, customer: customer))
    }

    func coupon(_ code: String) async throws -> JSON { try await test.get("/v1/coupons/\(code)").json }

    func overview(_ customer: String) async throws -> JSON {
        try await test.request(.get, "/internal/v1/overview/\(customer)", principal: Principal(kind: .service, keyID: "service")).json
    }
}

func couponBody(order: String? = nil, cart: JSON, customer: JSON?) -> JSON {
    var body = JSONObject([.init(name: "cart", value: cart)])
    body["order_id"] = order.map(JSON.string)
    body["customer"] = customer
    return .object(body)
}

/// A cart of one line.
func cart(_ total: Int64 = 4_000, currency: String = "TRY") -> JSON {
    [
        "currency": .string(currency), "total": .int(total),
        "items": [["product_id": "mug", "quantity": 1, "unit_price": .int(total)]],
    ]
}

/// A batch's body: 10.00 TRY off, under one code, unless `more` says otherwise.
func couponBatch(_ code: String? = "SPRING", _ more: [String: JSON] = [:]) -> JSON {
    var object = JSONObject([
        .init(name: "name", value: "spring"), .init(name: "discount", value: ["type": "fixed", "amount": 1_000, "currency": "TRY"]),
    ])
    object["code"] = code.map(JSON.string)
    for (name, value) in more { object[name] = value }
    return .object(object)
}

extension JSON {
    /// The codes of `reasons`.
    var reasonCodes: [String] { self["reasons"]?.array?.compactMap { $0["code"]?.string } ?? [] }
}
