public import Shared

/// A named level of the programme: what a member must have done in a window to hold it, and what it is worth.
public struct Tier: Definition {
    public static let kind = "tier"
    public static let idPrefix = "tier"
    public static let noun = "tier"

    /// What is measured against the threshold.
    public enum Basis: String, Sendable, CaseIterable {
        case pointsEarned = "points_earned"
        case amountSpent = "amount_spent"
    }

    /// Over which time it is measured.
    public enum Window: Sendable, Hashable {
        case rollingDays(Int64)
        /// The present calendar year of the programme's zone.
        case calendarYear
        case lifetime
    }

    public let id: String
    public let version: Int64
    public var name: String
    /// Points, or minor units of the programme's currency. 0, and not asked, of a tier held by subscription.
    public var threshold: Int64
    public var basis: Basis
    public var window: Window
    /// Hundredths: 200 doubles what a rule gives.
    public var multiplier: Int64
    /// Days from falling below the threshold until the member goes one step down.
    public var graceDays: Int64
    /// What its members get beside the multiplier.
    public var perks: [TierPerk]
    /// Held while one of these plans runs, whatever the member has earned; nil for a tier with a threshold.
    public var plans: [String]?
    /// How long points earned at this tier last, where it is not as the programme says.
    public var expiry: ExpiryPolicy?
    /// The merchant's own notes.
    public var metadata: JSONObject

    public static let maximumMetadata = 16_384
    public static let maximumPerks = 50

    public static let multiplierRange: ClosedRange<Double> = 0.01...100

    public init(
        id: String, version: Int64, name: String, threshold: Int64, basis: Basis = .pointsEarned, window: Window = .lifetime,
        multiplier: Int64 = 100, graceDays: Int64 = 0, perks: [TierPerk] = [], plans: [String]? = nil, expiry: ExpiryPolicy? = nil,
        metadata: JSONObject = JSONObject()
    ) {
        self.id = id
        self.version = version
        self.name = name
        self.threshold = threshold
        self.basis = basis
        self.window = window
        self.multiplier = multiplier
        self.graceDays = graceDays
        self.perks = perks
        self.plans = plans
        self.expiry = expiry
        self.metadata = metadata
    }

    /// Whether a change from one to the other changes who holds it.
    public func isHeldAlike(_ other: Tier) -> Bool {
        threshold == other.threshold && basis == other.basis && window == other.window && graceDays == other.graceDays
            && plans == other.plans
            && (plans == nil || multiplier == other.multiplier)
    }

    public init?(_ reader: FieldReader, id: String, version: Int64) {
        let name = reader.requiredString("name", max: 255)
        let subscription = reader.reader("subscription")
        let plans = subscription.flatMap(Self.plans)
        let threshold = reader.int("threshold", in: 0...FieldReader.maximumAmount)
        let basis = reader.choice("basis", Basis.self)
        let window = reader.reader("window").flatMap(Window.init)
        if subscription == nil {
            _ = reader.require("threshold", threshold)
        } else {
            for name in ["threshold", "basis", "window"] where reader.raw(name) != nil {
                reader.fail(name, "conflict", "a tier held by subscription is measured by nothing else")
            }
        }
        let multiplier = Self.hundredths(reader)
        let graceDays = reader.int("grace_days", in: Programme.daysRange) ?? 0
        let perks = (reader.readers("perks", maxCount: Self.maximumPerks) ?? []).compactMap(TierPerk.init)
        let expiry = reader.reader("expiry").flatMap(ExpiryPolicy.init)
        let metadata = reader.reader("metadata")?.object ?? JSONObject()
        if JSON.object(metadata).text.utf8.count > Self.maximumMetadata {
            reader.fail("metadata", "too_long", "at most \(Self.maximumMetadata) bytes of JSON")
        }
        reader.ignore("id", "version", "created_at", "updated_at")
        reader.refuseUnknown()
        guard reader.issues.isEmpty, let name else { return nil }
        self.init(
            id: id, version: version, name: name, threshold: threshold ?? 0, basis: basis ?? .pointsEarned, window: window ?? .lifetime,
            multiplier: multiplier, graceDays: graceDays, perks: perks, plans: plans, expiry: expiry, metadata: metadata)
    }

    private static func plans(_ reader: FieldReader) -> [String]? {
        let plans = reader.require("plans", reader.strings("plans", maxCount: 100))
        reader.refuseUnknown()
        if plans?.isEmpty == true { reader.fail("plans", "empty", "name one plan at least") }
        return plans
    }

    private static func hundredths(_ reader: FieldReader) -> Int64 {
        guard let said = reader.double("multiplier", in: multiplierRange) else { return 100 }
        let hundredths = (said * 100).rounded()
        if abs(said * 100 - hundredths) > 1e-6 { reader.fail("multiplier", "too_precise", "at most two decimals") }
        return Int64(hundredths)
    }

    public var json: JSONObject {
        let isMeasured = plans == nil
        return JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "name", value: .string(name)),
            .init(name: "threshold", value: isMeasured ? .int(threshold) : .null),
            .init(name: "basis", value: isMeasured ? .string(basis.rawValue) : .null),
            .init(name: "window", value: isMeasured ? window.json : .null),
            .init(name: "multiplier", value: .double(Double(multiplier) / 100)),
            .init(name: "grace_days", value: .int(graceDays)), .init(name: "perks", value: .array(perks.map(\.json))),
            .init(name: "subscription", value: plans.map { ["plans": .from($0)] } ?? .null),
            .init(name: "expiry", value: expiry?.json ?? .null), .init(name: "metadata", value: .object(metadata)),
            .init(name: "version", value: .int(version)),
        ])
    }
}

extension Tier.Window {
    /// Reads `{"kind": "rolling_days", "days"}`, `{"kind": "calendar_year"}` or `{"kind": "lifetime"}`.
    init?(_ reader: FieldReader) {
        let kind = reader.require("kind", reader.string("kind", max: 32))
        let days = reader.int("days", in: 1...3_650)
        reader.refuseUnknown()
        if days != nil, let kind, kind != "rolling_days" { reader.fail("days", "conflict", "only rolling_days counts days") }
        switch kind {
        case "rolling_days":
            guard let days = reader.require("days", days) else { return nil }
            self = .rollingDays(days)
        case "calendar_year": self = .calendarYear
        case "lifetime": self = .lifetime
        case nil: return nil
        default:
            reader.fail("kind", "invalid", "one of rolling_days, calendar_year, lifetime was expected")
            return nil
        }
    }

    public var json: JSON {
        switch self {
        case .rollingDays(let days): ["kind": "rolling_days", "days": .int(days)]
        case .calendarYear: ["kind": "calendar_year"]
        case .lifetime: ["kind": "lifetime"]
        }
    }
}
