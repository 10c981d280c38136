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
    /// Points, or minor units of the programme's currency.
    public var threshold: Int64
    public var basis: Basis
    public var window: Window
    /// Hundredths: 200 doubles what a rule gives.
    public var multiplier: Int64
    /// Days from falling below the threshold until the member goes one step down.
    public var graceDays: Int64

    public static let multiplierRange: ClosedRange<Double> = 0.01...100

    public init(
        id: String, version: Int64, name: String, threshold: Int64, basis: Basis = .pointsEarned, window: Window = .lifetime,
        multiplier: Int64 = 100, graceDays: Int64 = 0
    ) {
        self.id = id
        self.version = version
        self.name = name
        self.threshold = threshold
        self.basis = basis
        self.window = window
        self.multiplier = multiplier
        self.graceDays = graceDays
    }

    public init?(_ reader: FieldReader, id: String, version: Int64) {
        let name = reader.requiredString("name", max: 255)
        let threshold = reader.require("threshold", reader.int("threshold", in: 0...FieldReader.maximumAmount))
        let basis = reader.choice("basis", Basis.self) ?? .pointsEarned
        let window = reader.reader("window").map(Window.init) ?? .lifetime
        let multiplier = Self.hundredths(reader)
        let graceDays = reader.int("grace_days", in: Programme.daysRange) ?? 0
        reader.ignore("id", "version", "created_at", "updated_at")
        reader.refuseUnknown()
        guard reader.issues.isEmpty, let name, let threshold, let window else { return nil }
        self.init(
            id: id, version: version, name: name, threshold: threshold, basis: basis, window: window, multiplier: multiplier,
            graceDays: graceDays)
    }

    private static func hundredths(_ reader: FieldReader) -> Int64 {
        guard let said = reader.double("multiplier", in: multiplierRange) else { return 100 }
        let hundredths = (said * 100).rounded()
        if abs(said * 100 - hundredths) > 1e-6 { reader.fail("multiplier", "too_precise", "at most two decimals") }
        return Int64(hundredths)
    }

    public var json: JSONObject {
        JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "name", value: .string(name)),
            .init(name: "threshold", value: .int(threshold)), .init(name: "basis", value: .string(basis.rawValue)),
            .init(name: "window", value: window.json), .init(name: "multiplier", value: .double(Double(multiplier) / 100)),
            .init(name: "grace_days", value: .int(graceDays)), .init(name: "version", value: .int(version)),
        ])
    }
}

extension Tier.Window {
    /// Reads `{"kind": "rolling_days", "days"}`, `{"kind": "calendar_year"}` or `{"kind": "lifetime"}`.
    init?(_ reader: FieldReader) {
        let kind = reader.require("kind", reader.string("kind", max: 32))
        let days = reader.int("days", in: 1...3_650)
        reader.refuseUnknown()
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
