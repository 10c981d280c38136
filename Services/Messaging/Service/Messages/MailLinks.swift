import MessagingDomain
import Shared
import SharedRuntime

/// The links that Vefa itself puts into mails. All of them are signed, and each kind is worth nothing as another.
struct MailLinks: Sendable {
    private static let unsubscribing = "unsubscribe"
    private static let opening = "open"
    private static let clicking = "click"
    /// A click's token is good for two years, by the machine's time. Unsubscribing and opening never end: the law wants the first to work for as long
    /// as the mail lies there, and the second does nothing.
    private static let clickDays: Int64 = 730

    let signer: LinkSigner
    /// Where shoppers reach the gateway, without a slash at the end.
    let base: String
    /// False with `VEFA_TRACKING=off`: nothing is counted and mails are left as they are.
    let tracks: Bool

    init(_ configuration: HouseConfiguration) {
        signer = LinkSigner(key: configuration.linkKey)
        base = configuration.publicURL
        tracks = !["off", "0", "false", "no"].contains(configuration.value("VEFA_TRACKING")?.lowercased() ?? "")
    }

    // MARK: - Making. A message's id says nothing to whoever a mail is forwarded to, so it is all that the tokens name.

    func unsubscribe(_ messageID: String) -> String { "\(base)/u/\(signer.token(Self.unsubscribing, ["m": .string(messageID)]))" }

    func open(_ messageID: String) -> String { "\(base)/t/o/\(signer.token(Self.opening, ["m": .string(messageID)]))" }

    /// Nil for what is no address to be followed (mailto, anchors, anything a browser might read otherwise than we do) and for the links that must not
    /// be counted: unsubscribing, preferences, and those that are ours already.
    func click(_ url: String, _ messageID: String) -> String? {
        guard let address = WebAddress(url), address.text.utf8.count <= 3_000 else { return nil }
        for own in ["/u/", "/t/", "/preferences/"] where url.hasPrefix(base + own) { return nil }
        let expires = VefaClock.machineNow.adding(days: Self.clickDays)
        return "\(base)/t/c/\(signer.token(Self.clicking, ["m": .string(messageID), "u": .string(address.text)], expires: expires))"
    }

    // MARK: - Reading

    /// The message that a link unsubscribes from; nil for a forged one.
    func unsubscribed(_ token: String) -> String? { message(token, Self.unsubscribing) }

    func opened(_ token: String) -> String? { message(token, Self.opening) }

    /// The message and the address that we put into it; nil for a forged or expired link.
    func clicked(_ token: String) -> (messageID: String, address: WebAddress)? {
        guard case .valid(let payload) = signer.read(token, Self.clicking), let id = payload["m"]?.string,
            let address = payload["u"]?.string.flatMap(WebAddress.init)
        else { return nil }
        return (id, address)
    }

    private func message(_ token: String, _ purpose: String) -> String? {
        guard case .valid(let payload) = signer.read(token, purpose) else { return nil }
        return payload["m"]?.string
    }
}
