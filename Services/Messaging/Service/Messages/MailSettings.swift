import MessagingDomain
import Shared
import SharedRuntime

/// How the store signs its mails.
struct MailSettings: Sendable {
    let from: Mailbox
    let replyTo: Mailbox?
    let store: StoreIdentity
    /// What stands behind the `@` of Message-IDs.
    let messageIDDomain: String

    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    /// - `VEFA_MAIL_FROM`: the sender, `shop@example.com` or `The Shop <shop@example.com>`; default `no-reply@localhost`.
    /// - `VEFA_MAIL_REPLY_TO`: where answers go, in the same form; unset: to the sender.
    /// - `VEFA_STORE_NAME`: what the store is called in mails, and the sender's name where `VEFA_MAIL_FROM` has none.
    init(_ configuration: HouseConfiguration) throws {
        let storeName = configuration.value("VEFA_STORE_NAME").map { HeaderText.oneLine($0, max: 100) }
        store = StoreIdentity(name: storeName)
        from = try Self.mailbox(configuration.value("VEFA_MAIL_FROM") ?? "no-reply@localhost", name: storeName, variable: "VEFA_MAIL_FROM")
        replyTo = try configuration.value("VEFA_MAIL_REPLY_TO").map { try Self.mailbox($0, name: nil, variable: "VEFA_MAIL_REPLY_TO") }
        messageIDDomain = EmailAddress.domain(of: from.address) ?? "localhost"
    }

    private static func mailbox(_ text: String, name: String?, variable: String) throws -> Mailbox {
        var address = text[...]
        var name = name
        if let open = text.lastIndex(of: "<"), text.last == ">" {
            address = text[text.index(after: open)...].dropLast()
            let written = HeaderText.oneLine(text[..<open].filter { $0 != "\"" })
            if !written.isEmpty { name = written }
        }
        do {
            return try Mailbox(name: name, address: String(address))
        } catch {
            throw Invalid(description: "\(variable) must be an address, or a name with an address in <>")
        }
    }
}
