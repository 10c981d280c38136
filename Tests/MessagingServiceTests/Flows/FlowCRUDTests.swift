import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import MessagingService

@Suite("Flows are made from presets or by hand, changed by versions, and deleted")
struct FlowCRUDTests {
    private static let own: JSON = [
        "name": "Late thanks", "class": "transactional", "trigger": ["event": "order.paid", "key": "order_id"], "reentry": "once",
        "nodes": [["id": "pause", "kind": "wait", "seconds": 60], ["id": "mail", "kind": "send", "template_id": "order_confirmation"]],
    ]

    private static func own(_ change: (inout JSONObject) -> Void) -> JSON {
        var object = own.object ?? JSONObject()
        change(&object)
        return .object(object)
    }

    @Test("the presets that there are, with names in both languages and their steps")
    func presets() async throws {
        try await MailHouse.with { house in
            let presets = try await house.test.get("/v1/flows/presets").json["data"]?.array ?? []
            #expect(presets.map { $0["id"] } == ["order_confirmation", "abandoned_cart"])
            for preset in presets {
                #expect(preset["name"]?["en"]?.string != nil && preset["name"]?["tr"]?.string != nil)
                #expect(preset["description"]?["tr"]?.string != nil && preset["steps"]?.array?.isEmpty == false)
                let made = try await house.test.post("/v1/flows", ["preset": preset["id"] ?? .null])
                #expect(made.status == 201 && made.json["state"] == "draft" && made.json["preset"] == preset["id"], "\(made.text)")
                #expect(made.json["nodes"] == preset["steps"])
            }
        }
    }

    @Test(
        "what is wrong is refused by pointer and code",
        arguments: [
            (["preset": "birthday"], "/preset", "unknown_preset"),
            (["preset": "abandoned_cart", "locale": "türkçe"], "/locale", "invalid"),
            (["preset": "abandoned_cart", "nodes": []], "/nodes", "unknown_field"),
            (own { $0["name"] = nil }, "/name", "missing"), (own { $0["name"] = ["en": 5] }, "/name", "wrong_type"),
            (own { $0["on_repeat"] = "sometimes" }, "/on_repeat", "invalid"), (own { $0["locale"] = "x" }, "/locale", "invalid"),
            (own { $0["colour"] = "red" }, "/colour", "unknown_field"),
            (own { $0["trigger"] = ["event": "a", "also": [""]] }, "/trigger/also", "empty"),
            (own { $0["nodes"] = [["id": "m", "kind": "send", "template_id": "none"]] }, "/nodes/0/template_id", "unknown_template"),
            (
                own {
                    $0["nodes"] = [
                        [
                            "id": "m", "kind": "send", "template_id": "order_confirmation",
                            "coupon": ["discount": ["kind": "points", "points": 5], "valid_days": 7],
                        ]
                    ]
                }, "/nodes/0/coupon/discount/kind", "invalid"
            ),
            (
                own {
                    $0["nodes"] = [
                        [
                            "id": "m", "kind": "send", "template_id": "order_confirmation",
                            "coupon": ["discount": ["kind": "percent", "percent": 101], "valid_days": 7],
                        ]
                    ]
                }, "/nodes/0/coupon/discount/percent", "out_of_range"
            ),
            (
                own {
                    $0["nodes"] = [
                        ["id": "m", "kind": "send", "template_id": "order_confirmation", "coupon": ["discount": ["kind": "free_shipping"]]]
                    ]
                }, "/nodes/0/coupon/valid_days", "missing"
            ),
        ] as [(JSON, String, String)])
    func refused(body: JSON, pointer: String, code: String) async throws {
        try await MailHouse.with { house in
            let answer = try await house.test.post("/v1/flows", body)
            #expect(answer.status == 422, "\(answer.text)")
            let issues = answer.json["errors"]?.array ?? []
            #expect(issues.contains { $0["pointer"]?.string == pointer && $0["code"]?.string == code }, "\(answer.text)")
            #expect(try await house.test.get("/v1/flows").json["data"]?.array?.count == 1)
        }
    }

    @Test("a changed flow is a new version; runs in progress keep theirs")
    func versions() async throws {
        try await MailHouse.with { house in
            try await house.test.post("/v1/flows/order_confirmation/pause").expect(200)
            let id = try await house.test.post("/v1/flows", Self.own).json["id"]?.string ?? ""
            let path = "/v1/flows/\(id)"
            try await house.test.post("\(path)/publish").expect(200)
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            // What a GET gives, a PUT takes.
            var body = try await house.test.get(path).json.object ?? JSONObject()
            #expect(try await house.test.put(path, .object(body)).json["version"] == 1)
            body["nodes"] = [["id": "mail", "kind": "send", "template_id": "order_confirmation"]]
            let changed = try await house.test.put(path, .object(body))
            #expect(changed.status == 200 && changed.json["version"] == 2 && changed.json["state"] == "published", "\(changed.text)")
            try await house.hear(Events.order("order.paid", "1002", at: house.now))
            #expect(house.mails.map(\.subject) == ["Your order 1002 is confirmed"])
            try await house.test.advance(seconds: 60)
            #expect(house.mails.count == 2)
            let runs = try await house.test.get("\(path)/runs").json["data"]?.array ?? []
            #expect(Set(runs.compactMap { $0["version"]?.int }) == [1, 2])
            #expect(try await house.test.put("/v1/flows/none", Self.own).status == 404)
        }
    }

    @Test("a deleted flow ends its runs, starts no more and does not come back with a restart")
    func deleted() async throws {
        let before = try await MailHouse.start()
        try await before.hear(Events.order("order.paid", "1001", at: before.now))
        #expect(try await before.test.delete("/v1/flows/order_confirmation").status == 204)
        #expect(try await before.test.delete("/v1/flows/order_confirmation").status == 404)
        try await before.hear(Events.order("order.paid", "1002", at: before.now))
        try await before.test.advance(seconds: 120)
        #expect(before.mails.isEmpty)
        await before.test.stop(keep: true)
        let after = try await MailHouse.start(after: before)
        #expect(try await after.test.get("/v1/flows").json["data"] == [])
        #expect(try await after.test.get("/v1/flows/order_confirmation").status == 404)
        await after.test.stop()
    }

    @Test("a preset's template that was deleted comes back with it; one that was edited stays edited")
    func templates() async throws {
        try await MailHouse.with { house in
            try await house.test.delete("/v1/templates/abandoned_cart_offer").expect(204)
            var edited = try await house.test.get("/v1/templates/abandoned_cart_reminder").json.object ?? JSONObject()
            edited["locales"] = ["en": ["subject": "Mine", "html": "<p>mine</p>"]]
            try await house.test.put("/v1/templates/abandoned_cart_reminder", .object(edited)).expect(200)
            try await house.test.post("/v1/flows", ["preset": "abandoned_cart"]).expect(201)
            #expect(try await house.test.get("/v1/templates/abandoned_cart_offer").status == 200)
            #expect(try await house.test.get("/v1/templates/abandoned_cart_reminder").json["locales"]?["en"]?["subject"] == "Mine")
            #expect(try await house.test.delete("/v1/templates/abandoned_cart_offer").code == "template_in_use")
        }
    }

    @Test(
        "Vefa's own templates show with their samples, nothing missing",
        arguments: ["abandoned_cart_reminder", "abandoned_cart_offer", "survey_invitation"])
    func samples(template: String) async throws {
        try await MailHouse.with { house in
            for locale in ["en", "tr"] {
                let preview = try await house.test.post("/v1/templates/\(template)/preview", ["locale": .string(locale)])
                #expect(preview.status == 200, "\(preview.text)")
                #expect(preview.json["html"]?.string?.contains("/u/sample") == true)
                #expect(preview.json["html"]?.string?.contains("Bağdat Cad. 1") == true)
                #expect(preview.json["text"]?.string?.contains("{{") == false)
            }
        }
    }
}
