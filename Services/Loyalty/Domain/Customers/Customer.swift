import Shared

/// A shopper as the events describe them, keyed by the store's own id or, for a guest, by an id made from the e-mail.
public struct Customer: Sendable, Equatable {
    public let id: String
    public let isGuest: Bool
    public private(set) var email: String?
    public private(set) var phone: String?
    public private(set) var firstName: String?
    public private(set) var lastName: String?
    public private(set) var locale: String?
    public private(set) var timezone: String?
    public private(set) var country: String?
    public private(set) var region: String?
    public private(set) var city: String?
    public private(set) var birthday: CivilDate?
    public private(set) var acceptsMarketing: Bool?
    /// Whether the store has proof that the address is theirs; nil where it does not say, which counts as proof.
    public private(set) var verifiedEmail: Bool?
    public private(set) var tags: [String]?
    public private(set) var traits: JSONObject?
    public private(set) var times: FieldTimes
    public var createdAt: Timestamp
    public var deletedAt: Timestamp?

    public var emailKey: String? { EmailKey.make(email) }

    public init(id: String, isGuest: Bool, createdAt: Timestamp, times: FieldTimes = FieldTimes(base: FieldTimes.unsaid)) {
        self.id = id
        self.isGuest = isGuest
        self.createdAt = createdAt
        self.times = times
    }

    /// A customer as they were kept.
    public init(id: String, isGuest: Bool, said: CustomerData, times: FieldTimes, createdAt: Timestamp, deletedAt: Timestamp?) {
        self.init(id: id, isGuest: isGuest, createdAt: createdAt, times: times)
        self.deletedAt = deletedAt
        email = said.email
        phone = said.phone
        firstName = said.firstName
        lastName = said.lastName
        locale = said.locale
        timezone = said.timezone
        country = said.country
        region = said.region
        city = said.city
        birthday = said.birthday
        acceptsMarketing = said.acceptsMarketing
        verifiedEmail = said.verifiedEmail
        tags = said.tags
        traits = said.traits
    }

    /// Overwrites what `data` says and nothing else, unless something later said it already. A customer heard of after a deletion is back.
    public mutating func apply(_ data: CustomerData, at time: Timestamp) {
        takeAll(data, at: time)
        if let deletedAt, time > deletedAt { self.deletedAt = nil }
    }

    /// Fills only what is not known yet, from an event that is about something else (an order's buyer). Answers whether anything was new.
    public mutating func fill(from data: CustomerData) -> Bool {
        var news = CustomerData()
        var isNew = false
        func missing<Value>(_ mine: Value?, _ theirs: Value?) -> Value? {
            guard mine == nil, let theirs else { return nil }
            isNew = true
            return theirs
        }
        news.email = missing(email, data.email)
        news.phone = missing(phone, data.phone)
        news.firstName = missing(firstName, data.firstName)
        news.lastName = missing(lastName, data.lastName)
        news.locale = missing(locale, data.locale)
        news.timezone = missing(timezone, data.timezone)
        news.country = missing(country, data.country)
        news.region = missing(region, data.region)
        news.city = missing(city, data.city)
        news.birthday = missing(birthday, data.birthday)
        news.acceptsMarketing = missing(acceptsMarketing, data.acceptsMarketing)
        news.tags = missing(tags, data.tags)
        news.traits = missing(traits, data.traits)
        if isNew { takeAll(news, at: FieldTimes.unsaid) }
        return isNew
    }

    /// Whether the address that is about to be filled in is known to be theirs.
    public mutating func fillVerification(_ verified: Bool?) {
        var news = CustomerData()
        news.verifiedEmail = verified
        takeAll(news, at: FieldTimes.unsaid)
    }

    /// Clears the named fields on purpose (a PUT that says `null`).
    public mutating func clear(_ names: [String], at time: Timestamp) {
        for name in names {
            switch name {
            case "email": times.clear(name, at: time, from: &email)
            case "phone": times.clear(name, at: time, from: &phone)
            case "first_name": times.clear(name, at: time, from: &firstName)
            case "last_name": times.clear(name, at: time, from: &lastName)
            case "locale": times.clear(name, at: time, from: &locale)
            case "timezone": times.clear(name, at: time, from: &timezone)
            case "country": times.clear(name, at: time, from: &country)
            case "region": times.clear(name, at: time, from: &region)
            case "city": times.clear(name, at: time, from: &city)
            case "birthday": times.clear(name, at: time, from: &birthday)
            case "accepts_marketing": times.clear(name, at: time, from: &acceptsMarketing)
            case "verified_email": times.clear(name, at: time, from: &verifiedEmail)
            case "tags": times.clear(name, at: time, from: &tags)
            case "traits": times.clear(name, at: time, from: &traits)
            default: break
            }
        }
    }

    private mutating func takeAll(_ data: CustomerData, at time: Timestamp) {
        times.take("email", data.email, at: time, into: &email)
        times.take("phone", data.phone, at: time, into: &phone)
        times.take("first_name", data.firstName, at: time, into: &firstName)
        times.take("last_name", data.lastName, at: time, into: &lastName)
        times.take("locale", data.locale, at: time, into: &locale)
        times.take("timezone", data.timezone, at: time, into: &timezone)
        times.take("country", data.country, at: time, into: &country)
        times.take("region", data.region, at: time, into: &region)
        times.take("city", data.city, at: time, into: &city)
        times.take("birthday", data.birthday, at: time, into: &birthday)
        times.take("accepts_marketing", data.acceptsMarketing, at: time, into: &acceptsMarketing)
        times.take("verified_email", data.verifiedEmail, at: time, into: &verifiedEmail)
        times.take("tags", data.tags, at: time, into: &tags)
        times.take("traits", data.traits, at: time, into: &traits)
        times.finish(at: time)
    }

    /// The fields as events and the API write them, unknown ones absent.
    public var data: CustomerData {
        var data = CustomerData()
        data.id = id
        data.email = email
        data.phone = phone
        data.firstName = firstName
        data.lastName = lastName
        data.locale = locale
        data.timezone = timezone
        data.country = country
        data.region = region
        data.city = city
        data.birthday = birthday
        data.acceptsMarketing = acceptsMarketing
        data.verifiedEmail = verifiedEmail
        data.tags = tags
        data.traits = traits
        return data
    }
}
