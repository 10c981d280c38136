import Shared

extension EarningRule {
    /// Reads a rule as the API takes it. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader, id: String, version: Int64) {
        let name = reader.requiredString("name", max: 255)
        let trigger = reader.requiredString("trigger", max: CloudEvent.maximumTextLength)
        let award = reader.require("points", reader.reader("points")).flatMap { PointsAward($0) }
        let basis = reader.choice("basis", Basis.self) ?? .net
        let conditions = Self.condition("conditions", reader, .earning)
        let startsAt = reader.timestamp("starts_at")
        let endsAt = reader.timestamp("ends_at")
        let state = reader.choice("state", State.self) ?? .active
        let items = Self.condition("items", reader, .items)
        let include = Self.extras(reader)
        let isMultiplied = reader.bool("multiplied")
        let (cap, budget) = Self.caps(reader)
        let limits = reader.reader("limits").flatMap(RuleLimits.init)
        let group = reader.string("group", max: 64, allowEmpty: false)
        let priority = reader.int("priority", in: Self.priorityRange) ?? 0
        let expiry = reader.reader("expiry").flatMap(ExpiryPolicy.init)
        let activation = reader.reader("activation").flatMap { Activation($0) }
        let milestone = reader.reader("milestone").flatMap(Milestone.init)
        reader.ignore("id", "version", "created_at", "updated_at")
        reader.refuseUnknown()
        if let startsAt, let endsAt, endsAt <= startsAt { reader.fail("ends_at", "out_of_range", "must be after starts_at") }
        guard reader.issues.isEmpty, let name, let trigger, let award else { return nil }
        self.init(
            id: id, version: version, name: name, trigger: trigger, award: award, basis: basis, conditions: conditions, cap: cap,
            startsAt: startsAt, endsAt: endsAt, state: state)
        self.items = items
        self.include = include
        self.isMultiplied = isMultiplied ?? award.isProportional
        self.budget = budget
        self.limits = limits
        self.group = group
        self.priority = priority
        self.expiry = expiry
        self.activation = activation
        self.milestone = milestone
    }

    private static func condition(_ name: String, _ reader: FieldReader, _ fields: ConditionFields) -> Condition? {
        reader.raw(name).flatMap { Condition.read($0, at: reader.pointer / name, fields: fields, issues: reader.issues) }
    }

    private static func extras(_ reader: FieldReader) -> Set<Extra> {
        var extras: Set<Extra> = []
        for (index, name) in (reader.strings("include", maxCount: 8) ?? []).enumerated() {
            if let extra = Extra(rawValue: name) {
                extras.insert(extra)
            } else {
                reader.issues.add(reader.pointer / "include" / index, "invalid", "one of tax, shipping was expected")
            }
        }
        return extras
    }

    /// `{"per_member": {"points", "every"}, "total": {"points", "every"?}}`, at least one of them.
    private static func caps(_ reader: FieldReader) -> (MemberCap?, MemberCap?) {
        guard let caps = reader.reader("caps") else { return (nil, nil) }
        let member = caps.reader("per_member")
        let total = caps.reader("total")
        caps.refuseUnknown()
        if member == nil, total == nil, !caps.has("total") { _ = caps.require("per_member", member) }
        return (member.flatMap { MemberCap($0, otherwise: nil) }, total.flatMap { MemberCap($0, otherwise: .lifetime) })
    }

    public var json: JSONObject {
        var caps: JSON = .null
        if cap != nil || budget != nil {
            var object = JSONObject()
            object["per_member"] = cap?.json
            object["total"] = budget?.json
            caps = .object(object)
        }
        return JSONObject([
            .init(name: "id", value: .string(id)),
            .init(name: "name", value: .string(name)),
            .init(name: "trigger", value: .string(trigger)),
            .init(name: "points", value: award.json),
            .init(name: "basis", value: .string(basis.rawValue)),
            .init(name: "include", value: .from(Extra.allCases.filter(include.contains).map(\.rawValue))),
            .init(name: "items", value: items?.json ?? .null),
            .init(name: "conditions", value: conditions?.json ?? .null),
            .init(name: "multiplied", value: .bool(isMultiplied)),
            .init(name: "caps", value: caps),
            .init(name: "limits", value: limits?.json ?? .null),
            .init(name: "group", value: .from(group)),
            .init(name: "priority", value: .int(priority)),
            .init(name: "expiry", value: expiry?.json ?? .null),
            .init(name: "activation", value: activation?.json ?? .null),
            .init(name: "milestone", value: milestone?.json ?? .null),
            .init(name: "starts_at", value: .from(startsAt)),
            .init(name: "ends_at", value: .from(endsAt)),
            .init(name: "state", value: .string(state.rawValue)),
            .init(name: "version", value: .int(version)),
        ])
    }
}
