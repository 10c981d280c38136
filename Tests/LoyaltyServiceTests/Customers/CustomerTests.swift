import Foundation
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Customers")
struct CustomerTests {
    @Test("an event of an unknown customer creates them, and news overwrite only what they say")
    func known() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("cart.updated", ["cart_id": "c", "customer": ["id": "42", "email": "A@Example.com"]]))
            #expect(try await house.test.get("/v1/loyalty/members/42").status == 200)
            try await house.send(
                event(
                    "customer.updated", ["customer": ["id": "42", "first_name": "Ayşe", "birthday": "1990-02-29"]], at: 1, id: "bad date"),
                event("customer.updated", ["customer": ["id": "42", "first_name": "Ayşe", "tags": ["vip"]]], at: 1),
                event("customer.updated", ["customer": ["id": "42", "last_name": "Kaya", "email": "ayse@example.com"]], at: 2),
                event("order.placed", orderData("1", customer: "42", email: "other@example.com"), at: 3))
            let customer = try await house.test.get("/v1/customers/42").json
            #expect(customer["first_name"] == "Ayşe")
            #expect(customer["last_name"] == "Kaya")
            #expect(customer["email"] == "ayse@example.com")
            #expect(customer["tags"] == ["vip"])
            #expect(customer["guest"] == false)
            #expect(try await house.test.refused() == ["bad date": "invalid"])
        }
    }

    @Test("a guest earns under the e-mail, however it is written")
    func guests() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                event("order.paid", orderData("1", email: "Guest@Example.com ", total: 1_000)),
                event("order.paid", orderData("2", email: "guest@example.com", total: 2_000)))
            let guest = try #require(Guest.id(email: "guest@example.com"))
            #expect(try await house.balance(guest) == 30)
            #expect(try await house.test.get("/v1/customers/\(guest)").json["guest"] == true)
            // From now on the address is a registered customer's, and the guest is them.
            try await house.send(
                event("customer.created", ["customer": ["id": "42", "email": "GUEST@example.com"]]),
                event("order.paid", orderData("3", email: "guest@example.com", total: 4_000)))
            #expect(try await house.balance("42") == 70)
            #expect(try await house.balance(guest) == 70)
            let figures = try await house.test.get("/v1/metrics/retention").json
            #expect(figures["customers"] == 1)
            #expect(figures["orders"] == 3)
            #expect(figures["guest_orders"] == 3)
            #expect(figures["repeat_purchase_rate"] == 1)
        }
    }

    @Test("customers are made, changed, cleared, found and deleted by the API, and the others hear of it")
    func api() async throws {
        try await LoyaltyHouse.with { house in
            let made = try await house.test.put(
                "/v1/customers/42", ["email": "ayse@example.com", "first_name": "Ayşe", "last_name": "Kaya", "phone": "+90"])
            #expect(made.status == 201)
            await #expect(throws: Never.self) { try await house.test.advance(seconds: 1) }
            let changed = try await house.test.put("/v1/customers/42", ["phone": .null, "city": "İzmir"])
            #expect(changed.status == 200)
            #expect(changed.json["phone"] == .null)
            #expect(changed.json["first_name"] == "Ayşe")
            #expect(try await house.test.put("/v1/customers/42", changed.json).status == 200)
            let said = try await house.test.said("customer.updated")
            #expect(said.count == 3)
            #expect(said.first?.data["customer"]?["email"] == "ayse@example.com")
            _ = try await house.test.put("/v1/customers/43", ["email": "bora@example.com"])
            for query in ["42", "ayse@", "AYŞE", "kaya"] {
                let list = try await house.test.get(
                    "/v1/customers?query=\(query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
                ).json
                #expect(list["data"]?.array?.map { $0["id"] } == ["42"], "\(query)")
            }
            let page = try await house.test.get("/v1/customers?limit=1").json
            #expect(page["data"]?.array?.count == 1)
            let next = try await house.test.get("/v1/customers?limit=1&cursor=\(page["next_cursor"]?.string ?? "")").json
            #expect(next["data"]?[0]?["id"] == "43")
            #expect(next["next_cursor"] == .null)
            #expect(try await house.test.delete("/v1/customers/42").status == 204)
            #expect(try await house.test.get("/v1/customers/42").status == 404)
            #expect(try await house.test.get("/v1/loyalty/members/42").status == 404)
            #expect(try await house.test.said("customer.deleted").map(\.subject) == ["42"])
        }
    }

    @Test(
        "what is wrong with a customer is named",
        arguments: [
            (#"{"email": "no address"}"#, "/email"), (#"{"email": 5}"#, "/email"), (#"{"birthday": "1990-02-30"}"#, "/birthday"),
            (#"{"id": "43"}"#, "/id"), (#"{"colour": "red"}"#, "/colour"), (#"{"tags": [1]}"#, "/tags/0"),
        ])
    func wrong(_ body: String, _ pointer: String) async throws {
        try await LoyaltyHouse.with { house in
            let answer = try await house.test.request(.put, "/v1/customers/42", body: Array(body.utf8))
            #expect(answer.status == 422)
            #expect(answer.pointers == [pointer])
            #expect(try await house.test.get("/v1/customers/42").status == 404)
        }
    }

    @Test("loyalty's parts of the 360")
    func overview() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                event(
                    "order.paid", orderData("1", customer: "42", email: "a@example.com", total: 10_000, placedAt: "2026-01-05T10:00:00Z")),
                event("order.paid", orderData("2", customer: "42", total: 700, currency: "EUR", placedAt: "2026-02-05T10:00:00Z")),
                event("order.refunded", refundData("1", "r", amount: 2_500)),
                event("order.paid", orderData("3", customer: "42", total: 900)),
                event("order.cancelled", ["order_id": "3"]))
            let service = Principal(kind: .service, keyID: "service")
            let parts = try await house.test.request(.get, "/internal/v1/overview/42", principal: service).json
            #expect(parts["profile"]?["email"] == "a@example.com")
            #expect(
                parts["orders"] == [
                    "count": 2, "total_spent": ["EUR": 700, "TRY": 7_500], "first_at": "2026-01-05T10:00:00Z",
                    "last_at": "2026-02-05T10:00:00Z", "guest": 0,
                ])
            #expect(parts["loyalty"]?["balance"] == 82)
            let nobody = try await house.test.request(.get, "/internal/v1/overview/43", principal: service).json
            #expect(nobody == ["profile": .null, "orders": .null, "loyalty": .null, "segments": .null, "coupons": .null])
        }
    }
}
