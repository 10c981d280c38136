/// What the suite knows of the shop it serves. The gateway keeps it (`GET/PUT /v1/settings`) and tells the others by `settings.changed`.
public struct StoreSettings: Sendable, Equatable {
    public static let changed = "settings.changed"

    public var storeName: String?
    /// The shop's front page.
    public var storeURL: WebAddress?
    /// Hosts beside the shop's own that links may lead to; lower-case.
    public var allowedHosts: [String]
    /// Origins whose pages may call with any publishable key.
    public var allowedOrigins: [String]
    /// The sender of mails: `shop@example.com` or `The Shop <shop@example.com>`.
    public var sender: String?
    public var replyTo: String?
    /// The postal address that marketing mails must show.
    public var postalAddress: String?

    public init(
        storeName: String? = nil, storeURL: WebAddress? = nil, allowedHosts: [String] = [], allowedOrigins: [String] = [],
        sender: String? = nil, replyTo: String? = nil, postalAddress: String? = nil
    ) {
        self.storeName = storeName
        self.storeURL = storeURL
        self.allowedHosts = allowedHosts
        self.allowedOrigins = allowedOrigins
        self.sender = sender
        self.replyTo = replyTo
        self.postalAddress = postalAddress
    }

    /// Whether a link may lead there: to the shop's own host, or one that it allows.
    public func allows(_ address: WebAddress) -> Bool {
        address.host == storeURL?.host || allowedHosts.contains(address.host)
    }

    /// Reads what ``json`` wrote; what cannot be read is left out.
    public init(json: JSON) {
        func texts(_ name: String) -> [String] { json[name]?.array?.compactMap(\.string) ?? [] }
        self.init(
            storeName: json["store_name"]?.string, storeURL: json["store_url"]?.string.flatMap(WebAddress.init),
            allowedHosts: texts("allowed_hosts"), allowedOrigins: texts("allowed_origins"), sender: json["sender"]?.string,
            replyTo: json["reply_to"]?.string, postalAddress: json["postal_address"]?.string)
    }

    public var json: JSON {
        [
            "store_name": .from(storeName), "store_url": .from(storeURL?.text), "allowed_hosts": .from(allowedHosts),
            "allowed_origins": .from(allowedOrigins), "sender": .from(sender), "reply_to": .from(replyTo),
            "postal_address": .from(postalAddress),
        ]
    }
}
