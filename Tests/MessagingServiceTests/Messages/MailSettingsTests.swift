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
}
