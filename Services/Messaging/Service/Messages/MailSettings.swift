import MessagingDomain
import Shared
import SharedRuntime

/// How the store signs its mails: by the environment, and by the merchant's settings where they say more.
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

    /// The same with what the merchant's settings say in place of the environment's. What cannot be used there is left out, and named in the
    /// second part.
    func merging(_ settings: StoreSettings) -> (settings: MailSettings, unusable: [String]) {
        var unusable: [String] = []
        func mailbox(_ text: String?, name: String?, _ field: String, otherwise: Mailbox?) -> Mailbox? {
            guard let text, !text.isEmpty else { return otherwise }
            if let box = try? Self.mailbox(text, name: name, variable: field) { return box }
            unusable.append(field)
            return otherwise
        }
        let name = settings.storeName.map { HeaderText.oneLine($0, max: 100) }.flatMap { $0.isEmpty ? nil : $0 }
        var sender = mailbox(settings.sender, name: name, "sender", otherwise: nil) ?? from
        // The environment's sender goes by the shop's name where it has none of its own.
        if sender == from, let name, from.name == nil || from.name == store.name {
            sender = (try? Mailbox(name: name, address: from.address)) ?? from
        }
        let address = settings.postalAddress.map { text in
            text.split(whereSeparator: \.isNewline).map { HeaderText.oneLine(String($0)) }.filter { !$0.isEmpty }.joined(separator: ", ")
        }.flatMap { $0.isEmpty ? nil : $0 }
        let merged = MailSettings(
            from: sender, replyTo: mailbox(settings.replyTo, name: nil, "reply_to", otherwise: replyTo),
            store: StoreIdentity(name: name ?? store.name, url: settings.storeURL?.text ?? store.url, address: address ?? store.address),
            messageIDDomain: EmailAddress.domain(of: sender.address) ?? messageIDDomain)
        return (merged, unusable)
    }

    private init(from: Mailbox, replyTo: Mailbox?, store: StoreIdentity, messageIDDomain: String) {
        self.from = from
        self.replyTo = replyTo
        self.store = store
        self.messageIDDomain = messageIDDomain
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
