import LoyaltyService
import Shared
import SharedTesting
import Testing

@Suite("The programme")
struct ProgrammeTests {
    @Test("a fresh suite has the programme and the one rule that api.md names, also after a restart")
    func fresh() async throws {
        let first = try await TestHouse.start(LoyaltyService.definition)
        let program = try await first.get("/v1/loyalty/program").json
        await first.stop(keep: true)
        #expect(program["pending_days"] == 0)
        #expect(program["expiry"] == ["kind": "none"])
        #expect(program["clawback"] == "within_balance")
        #expect(program["timezone"] == "UTC")
        #expect(program["currency"] == .null)
        #expect(program["version"] == 1)
        let second = try await TestHouse.start(LoyaltyService.definition, folder: first.folder)
        let rules = try await second.get("/v1/loyalty/earning_rules").json["data"]?.array ?? []
        #expect(rules.count == 1)
        #expect(rules.first?["trigger"] == "order.paid")
        #expect(rules.first?["points"] == ["per_amount": ["points": 1, "amount": 100, "scale": 2]])
        #expect(rules.first?["basis"] == "net")
        await second.stop()
    }

    @Test("a PUT takes back what the GET gave, keeps what it leaves out, and makes a version only where something changed")
    func versions() async throws {
        try await LoyaltyHouse.with { house in
            let before = try await house.test.get("/v1/loyalty/program").json
            #expect(try await house.test.put("/v1/loyalty/program", before).json == before)
            let after = try await house.test.put(
                "/v1/loyalty/program", ["pending_days": 3, "timezone": "Europe/Istanbul", "currency": "TRY"]
            ).json
            #expect(after["version"] == 2)
            #expect(after["clawback"] == "within_balance")
            let third = try await house.test.put(
                "/v1/loyalty/program",
                ["clawback": "allow_negative", "clawback_floor": -500, "expiry": ["kind": "fixed", "month": 12, "day": 31]]
            ).json
            #expect(third["version"] == 3)
            #expect(third["pending_days"] == 3)
            #expect(third["clawback_floor"] == -500)
            #expect(third["currency"] == "TRY")
        }
    }

    @Test("wrong settings are refused by pointer and change nothing")
    func wrong() async throws {
        try await LoyaltyHouse.with { house in
            let body: JSON = [
                "pending_days": -1, "timezone": "Nowhere/Land", "expiry": ["kind": "rolling", "months": 0], "clawback": "some",
                "currency": "XYZ", "colour": 1,
            ]
            let answer = try await house.test.put("/v1/loyalty/program", body)
            #expect(answer.status == 422)
            #expect(Set(answer.pointers) == ["/pending_days", "/timezone", "/expiry/months", "/clawback", "/currency", "/colour"])
            #expect(try await house.test.get("/v1/loyalty/program").json["version"] == 1)
            #expect(try await house.test.put("/v1/loyalty/program", "text").status == 422)
        }
    }
}

@Suite("Earning rules")
struct EarningRuleTests {
    @Test("rules are made, listed, changed and ended")
    func crud() async throws {
        try await LoyaltyHouse.with { house in
            let rule: JSON = [
                "name": "Kids", "trigger": "order.paid", "points": ["per_amount": ["points": 2, "amount": 100]], "basis": "gross",
                "conditions": ["all": [["field": "order.items.categories", "op": "contains", "value": "kids"]]],
                "caps": ["per_member": ["points": 500, "every": "month"]], "starts_at": "2026-01-01T00:00:00Z", "ends_at": .null,
            ]
            let made = try await house.test.post("/v1/loyalty/earning_rules", rule)
            #expect(made.status == 201)
            let id = made.json["id"]?.string ?? ""
            #expect(TypeID.isValid(id, prefix: "rule"))
            #expect(try await house.test.get("/v1/loyalty/earning_rules/\(id)").json == made.json)
            let changed = try await house.test.put("/v1/loyalty/earning_rules/\(id)", made.json)
            #expect(changed.json["version"] == 2)
            #expect(try await house.test.get("/v1/loyalty/earning_rules").json["data"]?.array?.count == 2)
            #expect(try await house.test.delete("/v1/loyalty/earning_rules/\(id)").status == 204)
            #expect(try await house.test.delete("/v1/loyalty/earning_rules/\(id)").status == 404)
            #expect(try await house.test.get("/v1/loyalty/earning_rules/\(id)").status == 404)
            #expect(try await house.test.put("/v1/loyalty/earning_rules/\(id)", rule).status == 404)
        }
    }

    @Test(
        "what is wrong with a rule is named",
        arguments: [
            (#"{"trigger": "order.paid", "points": {"fixed": 1}}"#, "/name"), (#"{"name": "a", "points": {"fixed": 1}}"#, "/trigger"),
            (#"{"name": "a", "trigger": "order.paid"}"#, "/points"),
            (#"{"name": "a", "trigger": "order.paid", "points": {}}"#, "/points/per_amount"),
            (#"{"name": "a", "trigger": "order.paid", "points": {"fixed": 0}}"#, "/points/fixed"),
            (#"{"name": "a", "trigger": "order.paid", "points": {"per_amount": {"points": 1}}}"#, "/points/per_amount/amount"),
            (#"{"name": "a", "trigger": "survey.completed", "points": {"per_amount": {"points": 1, "amount": 1}}}"#, "/points"),
            (#"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "basis": "all"}"#, "/basis"),
            (
                #"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "conditions": {"field": "x", "op": "eq", "value": 1}}"#,
                "/conditions/field"
            ),
            (
                #"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "caps": {"per_member": {"points": 1}}}"#,
                "/caps/per_member/every"
            ),
            (#"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "starts_at": "soon"}"#, "/starts_at"),
            (
                #"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}"#,
                "/ends_at"
            ),
            (#"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "colour": 1}"#, "/colour"),
        ])
    func wrong(_ body: String, _ pointer: String) async throws {
        try await LoyaltyHouse.with { house in
            let answer = try await house.test.request(.post, "/v1/loyalty/earning_rules", body: Array(body.utf8))
            #expect(answer.status == 422)
            #expect(answer.pointers == [pointer])
        }
    }

    @Test("several rules add up and are said in one piece")
    func several() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule([
                "name": "Kids", "trigger": "order.paid", "points": ["fixed": 20],
                "conditions": ["field": "order.items.categories", "op": "contains", "value": "kids"],
            ])
            try await house.addRule(["name": "Later", "trigger": "order.paid", "points": ["fixed": 7], "starts_at": "2026-03-02T00:00:00Z"])
            try await house.addRule(["name": "Off", "trigger": "order.paid", "points": ["fixed": 7], "state": "paused"])
            let kids: JSON = [["line_id": "a", "categories": ["kids"], "quantity": 1, "unit_price": 1_000]]
            try await house.send(
                event("order.paid", orderData("1", customer: "42", total: 1_000, more: ["items": kids])),
                event("order.paid", orderData("2", customer: "43", total: 1_000)))
            #expect(try await house.balance("42") == 30)
            #expect(try await house.balance("43") == 10)
            let said = try await house.test.said("points.earned").first { $0.subject == "42" }
            #expect(said?.data["points"] == 30)
            #expect(said?.data["accruals"]?.array?.count == 2)
            try await house.send(event("order.refunded", refundData("1", "r", amount: 1_000)))
            #expect(try await house.balance("42") == 0)
        }
    }

    @Test("a cap holds over orders of a month and opens again with the next")
    func caps() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            try await house.addRule([
                "name": "Capped", "trigger": "order.paid", "points": ["per_amount": ["points": 1, "amount": 100]],
                "caps": ["per_member": ["points": 150, "every": "month"]],
            ])
            for (id, placed) in [
                ("1", "2026-02-03T00:00:00Z"), ("2", "2026-02-20T00:00:00Z"), ("3", "2026-02-21T00:00:00Z"), ("4", "2026-03-01T00:00:00Z"),
            ] {
                try await house.send(event("order.paid", orderData(id, customer: "42", total: 10_000, placedAt: placed)))
            }
            #expect(try await house.transactions("42").map { $0["points"]?.int } == [100, 50, 100])
            try await house.send(event("order.refunded", refundData("2", "r", amount: 8_000)))
            #expect(try await house.balance("42") == 220)
        }
    }

    @Test("any event with a customer can earn, once")
    func customEvents() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule(["name": "Welcome", "trigger": "customer.created", "points": ["fixed": 50]])
            try await house.addRule([
                "name": "Check-in", "trigger": "custom.checkin", "points": ["fixed": 5],
                "conditions": ["field": "event.data.shop", "op": "eq", "value": "Kadıköy"],
            ])
            try await house.addRule(["name": "Delivered", "trigger": "order.delivered", "points": ["fixed": 3]])
            try await house.send(
                event("customer.created", ["customer": ["id": "42"]]), event("customer.created", ["customer": ["id": "42"]], at: 1),
                event("custom.checkin", ["shop": "Kadıköy"], subject: "42"), event("custom.checkin", ["shop": "Moda"], subject: "42"),
                event("custom.checkin", ["shop": "Kadıköy"]))
            #expect(try await house.balance("42") == 55)
            try await house.send(
                event("order.paid", orderData("1", customer: "42", total: 0)), event("order.delivered", ["order_id": "1"]),
                event("order.delivered", ["order_id": "1"], at: 1))
            #expect(try await house.balance("42") == 58)
            try await house.send(event("order.cancelled", ["order_id": "1"], at: 2))
            #expect(try await house.balance("42") == 55)
            #expect(try await house.fault() == nil)
        }
    }
}
