import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import MessagingService

@Suite("A survey's invitation is mailed once")
struct DirectMailTests {
    private static let link = "http://127.0.0.1:8080/s/token"

    private func invited(
        _ id: String = "inv-1", at time: Timestamp, event: String = "e1", source: String = "vefa/survey", expires: Timestamp? = nil
    ) -> CloudEvent {
        CloudEvent(
            id: event, source: source, type: "survey.invited", time: time, subject: "c1",
            data: [
                "invitation_id": .string(id), "survey_id": "s1", "customer_id": "c1", "email": "ayse@example.com", "order_id": "o1",
                "title": ["en": "How was the tea?", "tr": "Çay nasıldı?"], "link": .string(Self.link),
                "expires_at": .from(expires ?? time.adding(days: 14)),
            ])
    }

    private func agree(_ house: MailHouse, locale: String? = nil) async throws {
        try await house.test.put(
            "/v1/contacts/c1", ["locale": .from(locale), "first_name": "Ayşe", "consents": ["newsletter": ["state": "granted"]]]
        ).expect(200)
    }

    @Test("once an invitation, in the contact's language, with the link and the way out", arguments: ["en", "tr"])
    func once(locale: String) async throws {
        try await MailHouse.with { house in
            try await agree(house, locale: locale)
            try await house.hear(invited(at: house.now), from: .survey)
            try await house.hear(invited(at: house.now, event: "e2"), from: .survey)
            #expect(house.mails.count == 1)
            let mail = try #require(house.mails.first)
            #expect(mail.subject == (locale == "tr" ? "Çay nasıldı?" : "How was the tea?"))
            #expect(mail.to.address == "ayse@example.com")
            #expect(mail.text.contains(Self.link))
            #expect(mail.text.contains(locale == "tr" ? "15 Mart 2026" : "15 March 2026"))
            #expect(mail.headers.map(\.name) == ["List-Unsubscribe", "List-Unsubscribe-Post"])
            let message = try await house.messages(of: "c1").first
            #expect(message?["template_id"] == "survey_invitation" && message?["class"] == "marketing" && message?["flow_id"] == .null)
            try await house.hear(invited("inv-2", at: house.now, event: "e3"), from: .survey)
            #expect(house.mails.count == 2)
        }
    }

    @Test("without consent, past its end, from an old event or from somebody else it does not go")
    func not() async throws {
        try await MailHouse.with { house in
            try await house.hear(invited(at: house.now), from: .survey)
            #expect(try await house.messages(of: "c1").first?["reason"] == "no_consent")
            try await agree(house)
            try await house.hear(invited("inv-2", at: house.now, event: "e2", expires: house.now), from: .survey)
            #expect(try await house.messages(of: "c1").compactMap { $0["reason"]?.string }.sorted() == ["expired", "no_consent"])
            try await house.hear(invited("inv-3", at: house.now.adding(seconds: -72 * 3_600 - 1), event: "e3"), from: .survey)
            try await house.hear(invited("inv-4", at: house.now, event: "e4", source: "shop"))
            #expect(try await house.messages(of: "c1").count == 2)
            #expect(house.mails.isEmpty)
        }
    }
}
