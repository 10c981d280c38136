import Shared

/// How often one rule pays one member: so many times in a period, and not again within so many hours.
public struct RuleLimits: Sendable, Hashable {
    public struct Frequency: Sendable, Hashable {
        public let times: Int64
        public let every: MemberCap.Period
    }

    public let frequency: Frequency?
    public let cooldownHours: Int64?

    public init(times: Int64? = nil, every: MemberCap.Period = .lifetime, cooldownHours: Int64? = nil) {
        frequency = times.map { Frequency(times: $0, every: every) }
        self.cooldownHours = cooldownHours
    }

    /// Reads `{"per_member": {"times", "every"}, "cooldown_hours"}`, at least one of them.
    public init?(_ reader: FieldReader) {
        let member = reader.reader("per_member")
        let hours = reader.int("cooldown_hours", in: 1...87_600)
        reader.refuseUnknown()
        var frequency: Frequency?
        if let member {
            let times = member.require("times", member.int("times", in: 1...1_000_000))
            let every = member.require("every", member.choice("every", MemberCap.Period.self))
            member.refuseUnknown()
            guard let times, let every else { return nil }
            frequency = Frequency(times: times, every: every)
        } else if hours == nil {
            if !reader.has("cooldown_hours"), !reader.has("per_member") {
                reader.fail("per_member", "missing", "per_member or cooldown_hours is required")
            }
            return nil
        }
        self.frequency = frequency
        cooldownHours = hours
    }

    public var json: JSON {
        var object = JSONObject()
        if let frequency { object["per_member"] = ["times": .int(frequency.times), "every": .string(frequency.every.rawValue)] }
        if let cooldownHours { object["cooldown_hours"] = .int(cooldownHours) }
        return .object(object)
    }
}
