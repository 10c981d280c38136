import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import MessagingService

@Suite("Contacts and what they agreed to")
struct ContactTests {
    private func consent(_ house: MailHouse, _ customer: String = "c1") async throws -> JSON? {
        try await house.test.get("/v1/contacts/\(customer)").json["consents"]?["newsletter"]
    }

    @Test("what is put comes back, and can be put again as it came")
    func roundTrip() async throws {
        try await MailHouse.with { house in
            #expect(try await house.test.get("/v1/contacts/c1").status == 404)
            let body: JSON = [
                "email": "ayse@example.com", "phone": "+905551112233", "locale": "tr", "timezone": "Europe/Istanbul",
                "consents": ["newsletter": ["state": "granted", "source": "checkout", "text": "Yes, write to me"]],
            ]
            let put = try await house.test.put("/v1/contacts/c1", body)
            #expect(put.status == 200)
            let got = try await house.test.get("/v1/contacts/c1").json
            #expect(got == put.json)
            #expect(
                got["email"] == "ayse@example.com" && got["locale"] == "tr" && got["timezone"] == "Europe/Istanbul"
                    && got["phone"] == "+905551112233")
            #expect(got["consents"]?["newsletter"]?["state"] == "granted")
            #expect(got["consents"]?["newsletter"]?["source"] == "checkout")
            #expect(got["consents"]?["newsletter"]?["text"] == "Yes, write to me")
            #expect(try await house.test.put("/v1/contacts/c1", got).json == got)
            let log = try await house.test.house.read { db in try db.all("SELECT state FROM consent_log") { $0.text(0) } }
            #expect(log == ["granted"])
        }
    }

    @Test("a field that is left out stays, null clears it")
    func partial() async throws {
        try await MailHouse.with { house in
            try await house.test.put("/v1/contacts/c1", ["email": "ayse@example.com", "phone": "1"]).expect(200)
            let after = try await house.test.put("/v1/contacts/c1", ["phone": nil]).json
            #expect(after["email"] == "ayse@example.com" && after["phone"] == .null)
        }
    }

    @Test("what is wrong is named by pointer")
    func refused() async throws {
        try await MailHouse.with { house in
            let answer = try await house.test.put(
                "/v1/contacts/c1",
                [
                    "email": "not an address", "phone": 5, "nickname": "x",
                    "consents": ["newsletter": ["state": "maybe", "since": "today"], "Ünlü": ["state": "granted"]],
                ])
            #expect(answer.status == 422)
            #expect(
                Set(answer.pointers) == [
                    "/email", "/phone", "/nickname", "/consents/newsletter/state", "/consents/newsletter/since", "/consents/Ünlü",
                ])
            #expect(try await house.test.get("/v1/contacts/c1").status == 404)
            #expect(try await house.test.request(.put, "/v1/contacts/c1", body: Array("{".utf8)).status == 400)
            #expect(try await house.test.put("/v1/contacts/c1", []).status == 422)
        }
    }

    @Test("events fill a contact; the newest word holds, an older one fills gaps")
    func projection() async throws {
        try await MailHouse.with { house in
            let now = house.now
            try await house.hear(
                Events.event(
                    "customer.updated", at: now, id: "2", ["customer": ["id": "c1", "email": "new@example.com", "locale": "tr"]]))
            try await house.hear(
                Events.event(
                    "customer.created", at: now.adding(seconds: -60), id: "1",
                    ["customer": ["id": "c1", "email": "old@example.com", "phone": "123", "first_name": "Ayşe"]]))
            let contact = try await house.test.get("/v1/contacts/c1").json
            #expect(
                contact["email"] == "new@example.com" && contact["phone"] == "123" && contact["first_name"] == "Ayşe"
                    && contact["locale"] == "tr")
        }
    }

    @Test("the store's tick box grants, and takes back only what it gave")
    func storeConsent() async throws {
        try await MailHouse.with { house in
            func say(_ accepts: Bool, _ id: String) async throws {
                try await house.test.advance(seconds: 1)
                try await house.hear(
                    Events.event(
                        "customer.updated", at: house.now, id: id, ["customer": ["id": "c1", "accepts_marketing": .bool(accepts)]]))
            }
            try await say(false, "1")
            #expect(try await consent(house) == nil)
            try await say(true, "2")
            #expect(try await consent(house)?["state"] == "granted")
            #expect(try await consent(house)?["source"] == "store")
            try await say(false, "3")
            #expect(try await consent(house)?["state"] == "denied")
            try await house.test.advance(seconds: 1)
            try await house.hear(
                Events.event("newsletter.unsubscribed", at: house.now, id: "4", ["customer": ["id": "c1"]]))
            try await say(true, "5")
            #expect(try await consent(house)?["state"] == "denied")
            #expect(try await consent(house)?["source"] == "newsletter.unsubscribed")
        }
    }

    @Test("a form's address speaks for everybody written to at it, else for a guest")
    func newsletterByAddress() async throws {
        try await MailHouse.with { house in
            try await house.test.put("/v1/contacts/c1", ["email": "Ayse@example.com"]).expect(200)
            try await house.hear(
                Events.event("newsletter.subscribed", at: house.now, id: "1", ["email": "ayse@example.com", "source": "popup"]))
            #expect(try await consent(house)?["state"] == "granted")
            #expect(try await consent(house)?["source"] == "popup")
            try await house.hear(Events.event("newsletter.subscribed", at: house.now, id: "2", ["email": "new@example.com"]))
            let guest = try #require(Guest.id(email: "new@example.com"))
            #expect(try await consent(house, guest)?["state"] == "granted")
        }
    }

    @Test("an unsubscription that arrives late does not undo a later word")
    func lateUnsubscription() async throws {
        try await MailHouse.with { house in
            try await house.hear(
                Events.event("newsletter.subscribed", at: house.now, id: "1", ["customer": ["id": "c1", "email": "a@example.com"]]))
            try await house.hear(
                Events.event(
                    "newsletter.unsubscribed", at: house.now.adding(seconds: -10), id: "2",
                    ["customer": ["id": "c1", "email": "a@example.com"]]))
            #expect(try await consent(house)?["state"] == "granted")
        }
    }

    @Test("merged customers are one contact with both pasts")
    func merge() async throws {
        try await MailHouse.with { house in
            try await house.test.put(
                "/v1/contacts/old", ["email": "old@example.com", "phone": "1", "consents": ["newsletter": ["state": "granted"]]]
            ).expect(200)
            try await house.test.put("/v1/contacts/new", ["email": "new@example.com"]).expect(200)
            try await house.hear(Events.event("customers.merged", at: house.now, id: "m", ["from_id": "old", "into_id": "new"]))
            let contact = try await house.test.get("/v1/contacts/new").json
            #expect(contact["email"] == "new@example.com" && contact["phone"] == "1")
            #expect(contact["consents"]?["newsletter"]?["state"] == "granted")
            #expect(try await house.test.get("/v1/contacts/old").status == 404)
        }
    }

    @Test("a deleted customer stays deleted until the store says otherwise")
    func deletion() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.event("customer.deleted", at: house.now, id: "1", ["customer": ["id": "c1"]]))
            try await house.hear(Events.order("order.placed", "1001", at: house.now))
            #expect(try await house.test.get("/v1/contacts/c1").json["email"] == .null)
            try await house.test.advance(seconds: 5)
            try await house.hear(
                Events.event("customer.created", at: house.now, id: "2", ["customer": ["id": "c1", "email": "back@example.com"]]))
            #expect(try await house.test.get("/v1/contacts/c1").json["email"] == "back@example.com")
        }
    }
}
