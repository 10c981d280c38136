import MessagingDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import MessagingService

@Suite("How the store signs its mails")
struct MailSettingsTests {
    private func settings(_ values: [String: String]) throws -> MailSettings {
        let key = "a key only tests use, 32 bytes.."
        let all = values.merging(["VEFA_INTERNAL_KEY": key, "VEFA_LINK_KEY": key]) { $1 }
        return try MailSettings(HouseConfiguration(.messaging) { all[$0] })
    }

    @Test("an address, a name with an address, or nothing at all")
    func senders() throws {
        #expect(try settings([:]).from.address == "no-reply@localhost")
        let named = try settings(["VEFA_MAIL_FROM": "\"Çarşı, İstanbul\" <shop@example.com>", "VEFA_MAIL_REPLY_TO": "help@example.com"])
        #expect(named.from.name == "Çarşı, İstanbul" && named.from.address == "shop@example.com")
        #expect(named.messageIDDomain == "example.com" && named.replyTo?.address == "help@example.com")
        #expect(try settings(["VEFA_MAIL_FROM": "shop@example.com", "VEFA_STORE_NAME": "Çarşı"]).from.name == "Çarşı")
        #expect(throws: MailSettings.Invalid.self) { try settings(["VEFA_MAIL_FROM": "not an address"]) }
    }

    /// What the gateway says when the merchant's settings change.
    static func changed(_ settings: JSON, id: String = "settings-1") -> CloudEvent {
        CloudEvent(id: id, source: "vefa/gateway", type: StoreSettings.changed, time: TestHouse.startOfTime, data: settings)
    }

    @Test("the merchant's settings go before the environment's, and what cannot be used there falls back to it")
    func merged() throws {
        let base = try settings(["VEFA_MAIL_FROM": "shop@example.com", "VEFA_STORE_NAME": "Old", "VEFA_MAIL_REPLY_TO": "help@example.com"])
        let (full, none) = base.merging(
            StoreSettings(
                storeName: "Çarşı", storeURL: WebAddress("https://shop.example"), sender: "Ayşe <ayse@shop.example>", postalAddress: "A\nB")
        )
        #expect(none.isEmpty)
        #expect(full.from.name == "Ayşe" && full.from.address == "ayse@shop.example" && full.messageIDDomain == "shop.example")
        #expect(full.store == StoreIdentity(name: "Çarşı", url: "https://shop.example", address: "A, B"))
        #expect(full.replyTo?.address == "help@example.com")
        let (fallen, unusable) = base.merging(StoreSettings(storeName: "Çarşı", sender: "nobody", replyTo: "x@\r\ny.example"))
        #expect(unusable == ["sender", "reply_to"])
        #expect(fallen.from.address == "shop@example.com" && fallen.from.name == "Çarşı" && fallen.replyTo?.address == "help@example.com")
        #expect(base.merging(StoreSettings()).settings.from == base.from)
    }

    @Test("a mail goes by the settings as they are when it goes")
    func mailed() async throws {
        try await MailHouse.with { house in
            try await house.hear(Self.changed(["store_name": "Yeni", "sender": "shop@yeni.example", "reply_to": "broken"]))
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            try await house.test.advance(seconds: 60)
            let mail = try #require(house.mails.first)
            #expect(mail.from.name == "Yeni" && mail.from.address == "shop@yeni.example" && mail.replyTo == nil)
            #expect(mail.messageID.hasSuffix("@yeni.example") && mail.html.contains("Yeni"))
        }
    }
}
