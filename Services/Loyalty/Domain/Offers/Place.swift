public import Shared

/// Where a shopper is, or is sent to, as far as the shop says.
public struct Place: Sendable, Hashable {
    public var country: String?
    public var region: String?
    public var city: String?

    public init(country: String? = nil, region: String? = nil, city: String? = nil) {
        self.country = country
        self.region = region
        self.city = city
    }

    public var isNowhere: Bool { country == nil && region == nil && city == nil }

    /// Reads `{"country"?, "region"?, "city"?}`.
    public init(_ reader: FieldReader) {
        self.init(
            country: reader.string("country", max: 64, allowEmpty: false), region: reader.string("region", max: 255, allowEmpty: false),
            city: reader.string("city", max: 255, allowEmpty: false))
        reader.refuseUnknown()
    }

    public var json: JSON { ["country": .from(country), "region": .from(region), "city": .from(city)] }

    /// Whether `other` lies in this place: all that this one names is the same there, capitals aside. Nowhere in particular has everything in it.
    public func contains(_ other: Place) -> Bool {
        func fits(_ mine: String?, _ theirs: String?) -> Bool {
            guard let mine else { return true }
            return theirs.map { $0.lowercased() == mine.lowercased() } ?? false
        }
        return fits(country, other.country) && fits(region, other.region) && fits(city, other.city)
    }

    /// How narrow it is: a city counts above a region, that above a country.
    var narrowness: Int { (city == nil ? 0 : 4) + (region == nil ? 0 : 2) + (country == nil ? 0 : 1) }
}
