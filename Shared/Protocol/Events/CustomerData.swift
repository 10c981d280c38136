/// A customer as an event describes them. Every field is optional: an event says what it knows, and what it does not say stays as it was.
public struct CustomerData: Sendable {
    public static let maximumEmail = 320

    /// The store's own id; nil for a guest.
    public var id: String?
    public var email: String?
    public var phone: String?
    public var firstName: String?
    public var lastName: String?
    /// BCP 47, such as `tr` or `en-GB`.
    public var locale: String?
    /// IANA name, such as `Europe/Istanbul`.
    public var timezone: String?
    public var country: String?
    public var region: String?
    public var city: String?
    public var birthday: CivilDate?
    public var acceptsMarketing: Bool?
    /// Whether the store has proof that the address is theirs. Where it does not say, it counts as proven.
    public var verifiedEmail: Bool?
    public var tags: [String]?
    public var traits: JSONObject?

    public init() {}

    public init(_ reader: FieldReader) {
        id = reader.string("id", max: CloudEvent.maximumTextLength)
        if id?.isEmpty == true { id = nil }
        email = reader.string("email", max: Self.maximumEmail)
        if email?.isEmpty == true { email = nil }
        phone = reader.string("phone", max: 64)
        firstName = reader.string("first_name")
        lastName = reader.string("last_name")
        locale = reader.string("locale", max: 35)
        timezone = reader.string("timezone", max: 64)
        country = reader.string("country", max: 64)
        region = reader.string("region", max: 255)
        city = reader.string("city", max: 255)
        if let text = reader.string("birthday", max: 32) {
            birthday = CivilDate(text)
            if birthday == nil { reader.fail("birthday", "invalid_date", "YYYY-MM-DD was expected") }
        }
        acceptsMarketing = reader.bool("accepts_marketing")
        verifiedEmail = reader.bool("verified_email")
        tags = reader.strings("tags")
        traits = reader.reader("traits")?.object
    }

    /// Only what is known.
    public var json: JSON {
        var object = JSONObject()
        object["id"] = id.map(JSON.string)
        object["email"] = email.map(JSON.string)
        object["phone"] = phone.map(JSON.string)
        object["first_name"] = firstName.map(JSON.string)
        object["last_name"] = lastName.map(JSON.string)
        object["locale"] = locale.map(JSON.string)
        object["timezone"] = timezone.map(JSON.string)
        object["country"] = country.map(JSON.string)
        object["region"] = region.map(JSON.string)
        object["city"] = city.map(JSON.string)
        object["birthday"] = birthday.map { .string($0.text) }
        object["accepts_marketing"] = acceptsMarketing.map(JSON.bool)
        object["verified_email"] = verifiedEmail.map(JSON.bool)
        object["tags"] = tags.map(JSON.from)
        object["traits"] = traits.map(JSON.object)
        return .object(object)
    }
}

/// E-mail addresses as keys: trimmed and lower-cased. Nothing cleverer: what `+` and dots mean is the fraud rules' business, not identity's.
public enum EmailKey {
    public static func make(_ email: String?) -> String? {
        guard let email else { return nil }
        let bytes = email.utf8
        guard bytes.contains(UInt8(ascii: "@")) else { return nil }
        // White space of other scripts has no place in an address; looking at bytes spares taking the text apart into characters.
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) }) else { return nil }
        return String(email[first...last]).lowercased()
    }
}
