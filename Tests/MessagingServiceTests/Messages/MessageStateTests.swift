import MessagingDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import MessagingService

@Suite("What became of a mail is always known, or known to be unknown")
struct MessageStateTests {
    private func confirm(_ house: MailHouse, order: String = "1001") async throws {
        try await house.hear(Events.order("order.paid", order, at: house.now))
        try await house.test.advance(seconds: 60)
    }

    @Test("a mail server that is down for a moment costs seconds, not the mail")
    func deferred() async throws {
        try await MailHouse.with { house in
            house.transport.script(.deferred(code: nil, detail: "connection refused"), .deferred(code: 421, detail: "421 4.3.2 try later"))
            try await confirm(house)
            var message = try #require(try await house.messages(of: "c1").first)
            #expect(message["state"] == "deferred" && message["attempts"] == 1 && message["last_response"] == "connection refused")
            #expect(message["next_attempt_at"]?.isNull == false)
            try await house.test.advance(seconds: 30)
            message = try #require(try await house.messages(of: "c1").first)
            #expect(message["state"] == "sent" && message["attempts"] == 3)
            #expect(Set(house.mails.map(\.messageID)).count == 1)
            #expect(try await house.test.said("message.sent").count == 1)
        }
    }

    @Test("after three days of trying it is given up, visibly")
    func expired() async throws {
        try await MailHouse.with { house in
            for _ in 0..<100 { house.transport.script(.deferred(code: 451, detail: "451 later")) }
            try await confirm(house)
            try await house.test.advance(days: 4)
            let message = try #require(try await house.messages(of: "c1").first)
            #expect(message["state"] == "failed" && message["reason"] == "expired")
            #expect(house.mails.count < 40)
        }
    }

    @Test("a mailbox that does not exist bounces, and is not written to again")
    func bounced() async throws {
        try await MailHouse.with { house in
            house.transport.script(.rejected(code: 550, detail: "550 5.1.1 no such user"))
            try await confirm(house)
            #expect(try await house.messages(of: "c1").first?["state"] == "bounced")
            #expect(try await house.messages(of: "c1").first?["reason"] == "mailbox_refused")
            let suppression = try await house.test.get("/v1/suppressions/AYSE@example.com").json
            #expect(suppression["reason"] == "hard_bounce")
            #expect(try await house.test.said("message.bounced").first?.data["hard"] == true)
            try await confirm(house, order: "1002")
            #expect(house.mails.count == 1)
            let second = try await house.messages(of: "c1").first
            #expect(second?["state"] == "suppressed" && second?["reason"] == "suppressed_address")
        }
    }

    @Test("a refusal of the day suppresses nobody")
    func policyRefusal() async throws {
        try await MailHouse.with { house in
            house.transport.script(.rejected(code: 550, detail: "550 5.7.1 message refused by policy"))
            try await confirm(house)
            #expect(try await house.messages(of: "c1").first?["reason"] == "refused")
            #expect(try await house.test.get("/v1/suppressions").json["data"] == [])
        }
    }

    @Test("an address suppressed by hand is not written to")
    func suppressedByHand() async throws {
        try await MailHouse.with { house in
            let made = try await house.test.post("/v1/suppressions", ["address": "Ayse@Example.com", "reason": "complaint"])
            #expect(made.status == 201)
            #expect(try await house.test.post("/v1/suppressions", ["address": "ayse@example.com"]).status == 409)
            try await confirm(house)
            #expect(house.mails.isEmpty)
            #expect(try await house.messages(of: "c1").first?["state"] == "suppressed")
            let id = made.json["id"]?.string ?? ""
            #expect(try await house.test.put("/v1/suppressions/\(id)", ["reason": "asked by phone"]).json["reason"] == "asked by phone")
            #expect(try await house.test.delete("/v1/suppressions/\(id)").status == 204)
            try await confirm(house, order: "1002")
            #expect(house.mails.count == 1)
        }
    }

    @Test("without an address there is a message, and the reason why it did not go")
    func noAddress() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.order("order.paid", "1001", at: house.now, customer: Events.customer("c1", email: nil)))
            try await house.test.advance(seconds: 60)
            let message = try await house.messages(of: "c1").first
            #expect(message?["state"] == "suppressed" && message?["reason"] == "no_address")
            try await house.hear(
                Events.order("order.paid", "1002", at: house.now, customer: Events.customer("c2", email: "a b@example.com")))
            try await house.test.advance(seconds: 60)
            #expect(try await house.messages(of: "c2").first?["reason"] == "invalid_address")
        }
    }

    @Test("a deleted customer is not written to")
    func deleted() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            try await house.hear(Events.event("customer.deleted", at: house.now, id: "gone", ["customer": ["id": "c1"]]))
            try await house.test.advance(seconds: 61)
            #expect(house.mails.isEmpty)
            let contact = try await house.test.get("/v1/contacts/c1").json
            #expect(contact["deleted"] == true && contact["email"] == .null)
        }
    }

    @Test("an attempt that a crash cut off is unknown, and a transactional mail goes out again under the same Message-ID")
    func crash() async throws {
        let before = try await MailHouse.start()
        before.transport.script(.deferred(code: nil, detail: "connection refused"))
        try await confirm(before)
        let mailID = before.mails.first?.messageID
        // What a kill -9 between the write before an attempt and the one after it leaves behind.
        try await before.test.house.write { change in
            let message = try #require(
                try MessageStore.list(customerID: "c1", state: nil, PageRequest(limit: 1, after: nil), change.db).first)
            try change.db.execute("UPDATE timers SET lease = '', due_at = \(change.now) WHERE timer_key = \(message.id)")
            let timer = DueTimer(kind: MessageStore.timerKind, key: message.id, dueAt: change.now, payload: .null, attempt: 0)
            _ = try #require(try MessageAttempt.begin(message, timer, change))
            try change.db.execute("UPDATE timers SET lease_until = 0 WHERE timer_key = \(message.id)")
        }
        #expect(try await before.messages(of: "c1").first?["state"] == "sending")
        await before.test.stop(keep: true)

        let after = try await MailHouse.start(after: before)
        // Replicas cannot tell a dead one's from a living one's before the timer is free.
        #expect(try await after.messages(of: "c1").first?["state"] == (TestStores.isShared ? "sending" : "unknown"))
        try await after.test.runDueTimers()
        let message = try #require(try await after.messages(of: "c1").first)
        #expect(message["state"] == "sent" && message["attempts"] == 3)
        #expect(after.mails.map(\.messageID) == [mailID])
        let log = try await after.test.get("/v1/messages/\(message["id"]?.string ?? "")").json["attempt_log"]?.array ?? []
        #expect(log.map { $0["outcome"] } == ["deferred", "unknown", "accepted"])
        await after.test.stop()
    }

    @Test("a marketing mail whose fate is unknown is not sent again")
    func marketingUnknown() async throws {
        try await MailHouse.with { house in
            try await house.test.put(
                "/v1/contacts/c1", ["email": "ayse@example.com", "consents": ["newsletter": ["state": "granted"]]]
            ).expect(200)
            try await house.test.house.write { change in
                try MessageStore.queue(
                    NewMessage(businessKey: "test", customerID: "c1", messageClass: .marketing, templateID: "order_confirmation"), change)
            }
            house.transport.script(.unknown(detail: "connection lost after the end of the message"))
            try await house.test.advance(days: 1)
            #expect(house.mails.count == 1)
            let message = try await house.messages(of: "c1").first
            #expect(message?["state"] == "unknown" && message?["reason"] == "unknown_not_resent")
        }
    }

    @Test("marketing asks for consent")
    func marketingConsent() async throws {
        try await MailHouse.with { house in
            try await house.test.put("/v1/contacts/c1", ["email": "ayse@example.com"]).expect(200)
            try await house.test.house.write { change in
                try MessageStore.queue(
                    NewMessage(businessKey: "test", customerID: "c1", messageClass: .marketing, templateID: "order_confirmation"), change)
            }
            try await house.test.runDueTimers()
            #expect(house.mails.isEmpty)
            #expect(try await house.messages(of: "c1").first?["reason"] == "no_consent")
        }
    }

    @Test("lists come in pages and refuse a state that is none")
    func lists() async throws {
        try await MailHouse.with { house in
            for number in 0..<5 { try await house.hear(Events.order("order.paid", "o\(number)", at: house.now)) }
            try await house.test.advance(seconds: 60)
            var found: [String] = []
            var cursor = ""
            repeat {
                let page = try await house.test.get("/v1/messages?customer=c1&limit=2\(cursor.isEmpty ? "" : "&cursor=" + cursor)").json
                found += page["data"]?.array?.compactMap { $0["order_id"]?.string } ?? []
                cursor = page["next_cursor"]?.string ?? ""
            } while !cursor.isEmpty
            #expect(Set(found) == ["o0", "o1", "o2", "o3", "o4"] && found.count == 5)
            #expect(try await house.test.get("/v1/messages?state=lost").status == 422)
            #expect(try await house.test.get("/v1/messages/none").status == 404)
            #expect(try await house.test.get("/v1/messages?customer=c1&state=sent").json["data"]?.array?.count == 5)
        }
    }
}

extension TestHouse.Answer {
    /// Fails the test when the status is another.
    func expect(_ status: Int) throws { #expect(self.status == status, "\(text)") }
}
