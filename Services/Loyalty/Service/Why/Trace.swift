import LoyaltyDomain
import Shared
import SharedStore

/// What the rules decided about one cause, and from what: kept beside the points so that anybody may ask why. Compact; names and words are added when
/// it is read.
struct Trace: Sendable {
    struct Entry: Sendable, Equatable {
        let ruleID: String
        let version: Int64
        let code: RuleCode
        let points: Int64
        /// A cap or a budget held back a part.
        let isBounded: Bool
    }

    /// What is left of an order to reckon from.
    struct Basis: Sendable, Equatable {
        let net: Int64
        let gross: Int64
        let remainingNet: Int64
        let remainingGross: Int64
        let currency: String?
    }

    enum State: String, Sendable { case unpaid, paid, cancelled, refunded }

    /// The event that brought it, and what it is about: the order, else the event itself.
    let eventID: String
    let type: String
    var ref: String
    /// As of when conditions were asked.
    let asOf: Timestamp
    let config: Int64
    var tier: String?
    var multiplier = PointsAward.single
    var state: State?
    var basis: Basis?
    private(set) var entries: [Entry] = []
    /// What conditions that failed saw, by field.
    private(set) var saw: [String: [JSON]] = [:]
    /// Some field had too many values to keep.
    private(set) var isCut = false

    private static let mostValues = 100

    var isEmpty: Bool { entries.isEmpty }
    var points: Int64 { entries.reduce(0) { Exact.sum($0, $1.points) } }

    init(_ event: CloudEvent, config: Int64) {
        eventID = event.id
        type = event.type
        ref = event.id
        asOf = event.time
        self.config = config
    }

    init(_ event: CloudEvent, _ standing: OrderStanding, order: Order, config: Int64) {
        eventID = event.id
        type = event.type
        ref = order.id
        asOf = order.placedAt
        self.config = config
        basis = Basis(
            net: standing.fullNet, gross: standing.fullGross, remainingNet: standing.remainingNet, remainingGross: standing.remainingGross,
            currency: standing.currency?.code)
        state = standing.isCancelled ? .cancelled : standing.refunded > 0 ? .refunded : standing.isPaid ? .paid : .unpaid
    }

    mutating func add(_ rule: EarningRule, _ code: RuleCode, points: Int64 = 0, bounded: Bool = false) {
        entries.append(Entry(ruleID: rule.id, version: rule.version, code: code, points: points, isBounded: bounded))
    }

    /// Keeps with it what the rule's conditions saw, so that the verdict can be told again.
    mutating func add(_ rule: EarningRule, _ code: RuleCode, saw memo: ConditionMemo) {
        add(rule, code)
        for field in rule.fields where saw[field] == nil {
            let values = memo.values(field)
            if values.count > Self.mostValues { isCut = true }
            saw[field] = Array(values.prefix(Self.mostValues))
        }
    }
}

/// One of twenty rules is a short word, `<id>/<version><code><points>;`: most of a trace is rules that gave nothing, and every order has one.
extension Trace.Entry {
    private static let prefix = EarningRule.idPrefix + "_"

    fileprivate func append(to text: inout String) {
        if ruleID.hasPrefix(Self.prefix) {
            text += ruleID.dropFirst(Self.prefix.count)
        } else {
            text += "~"
            text += ruleID
        }
        text += "/"
        text += String(version)
        text.append(code.letter)
        if points != 0 || isBounded { text += String(points) }
        if isBounded { text += "!" }
        text += ";"
    }

    /// Nil for what ``append(to:)`` did not write.
    fileprivate init?(_ text: Substring) {
        guard let slash = text.lastIndex(of: "/") else { return nil }
        let id = text[..<slash]
        let rest = text[text.index(after: slash)...]
        let number = rest.prefix { $0.isNumber }
        guard let version = Int64(number), let letter = rest.dropFirst(number.count).first, let code = RuleCode(letter: letter) else { return nil }
        let tail = rest.dropFirst(number.count + 1)
        ruleID = id.hasPrefix("~") ? String(id.dropFirst()) : Self.prefix + id
        self.version = version
        self.code = code
        points = Int64(tail.hasSuffix("!") ? tail.dropLast() : tail) ?? 0
        isBounded = tail.hasSuffix("!")
    }
}

extension Trace {
    var json: JSON {
        var object = JSONObject([
            .init(name: "e", value: .string(eventID)), .init(name: "y", value: .string(type)), .init(name: "f", value: .string(ref)),
            .init(name: "a", value: .int(asOf.milliseconds)), .init(name: "c", value: .int(config)),
        ])
        if let tier { object.members.append(.init(name: "t", value: .string(tier))) }
        if multiplier != PointsAward.single { object.members.append(.init(name: "m", value: .int(multiplier))) }
        if let state { object.members.append(.init(name: "s", value: .string(state.rawValue))) }
        if let basis {
            let amounts = [basis.net, basis.gross, basis.remainingNet, basis.remainingGross].map(JSON.int)
            object.members.append(.init(name: "b", value: .array(amounts + [.from(basis.currency)])))
        }
        var rules = ""
        for entry in entries { entry.append(to: &rules) }
        object.members.append(.init(name: "r", value: .string(rules)))
        if !saw.isEmpty {
            let fields = saw.sorted { $0.key < $1.key }.map { JSONObject.Member(name: $0.key, value: .array($0.value)) }
            object.members.append(.init(name: "v", value: .object(JSONObject(fields))))
        }
        if isCut { object.members.append(.init(name: "x", value: true)) }
        return .object(object)
    }

    /// Reads what ``json`` wrote; nil for anything else.
    init?(_ json: JSON) {
        guard let eventID = json["e"]?.string, let type = json["y"]?.string, let ref = json["f"]?.string, let asOf = json["a"]?.int,
            let config = json["c"]?.int
        else { return nil }
        self.eventID = eventID
        self.type = type
        self.ref = ref
        self.asOf = Timestamp(milliseconds: asOf)
        self.config = config
        tier = json["t"]?.string
        multiplier = json["m"]?.int ?? PointsAward.single
        state = json["s"]?.string.flatMap(State.init)
        if let parts = json["b"]?.array, parts.count == 5 {
            let amounts = parts.prefix(4).map { $0.int ?? 0 }
            basis = Basis(
                net: amounts[0], gross: amounts[1], remainingNet: amounts[2], remainingGross: amounts[3], currency: parts[4].string)
        }
        entries = (json["r"]?.string ?? "").split(separator: ";").compactMap(Entry.init)
        for member in json["v"]?.object?.members ?? [] { saw[member.name] = member.value.array ?? [] }
        isCut = json["x"]?.bool ?? false
    }

    /// The verdict on a condition again, from what it saw; nil where not all of that was kept.
    func verdict(_ condition: Condition) -> ConditionVerdict? {
        guard !isCut, condition.tests.allSatisfy({ saw[$0.field] != nil }) else { return nil }
        var documents: [String: JSON] = [:]
        for (field, values) in saw.sorted(by: { $0.key < $1.key }) {
            Self.put(.array(values), at: field.split(separator: ".").map(String.init)[...], into: &documents)
        }
        return condition.verdict(ConditionFacts(documents, now: asOf))
    }

    private static func put(_ value: JSON, at path: ArraySlice<String>, into documents: inout [String: JSON]) {
        guard let root = path.first else { return }
        if path.count == 1 {
            documents[root] = value
            return
        }
        var inner: [String: JSON] = [:]
        for member in documents[root]?.object?.members ?? [] { inner[member.name] = member.value }
        put(value, at: path.dropFirst(), into: &inner)
        documents[root] = .object(JSONObject(inner.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) }))
    }
}

/// Traces in the store: a row a member and cause, with the first decision and the last.
enum TraceStore {
    struct Record: Sendable {
        let cause: String
        let firstAt: Timestamp
        let at: Timestamp
        let first: Trace
        let last: Trace
        let isSettledAgain: Bool
    }

    static func put(_ trace: Trace, cause: String, memberID: String, at: Timestamp, _ db: SQLConnection) throws {
        guard !trace.isEmpty else { return }
        try db.execute(
            """
            INSERT INTO traces (member_id, cause, ref, event_id, first_at, at, first_trace, last_trace)
            VALUES (\(memberID), \(cause), \(trace.ref), \(trace.eventID), \(at), \(at), \(trace.json), NULL)
            ON CONFLICT (member_id, cause) DO UPDATE SET ref = excluded.ref, event_id = excluded.event_id, at = excluded.at,
                last_trace = excluded.first_trace
            """)
    }

    private static let columns = "cause, first_at, at, first_trace, last_trace"

    private static func record(_ row: SQLRow) -> Record? {
        guard let first = Trace(row.json(3)) else { return nil }
        let last = row.isNull(4) ? nil : Trace(row.json(4))
        return Record(
            cause: row.text(0), firstAt: row.time(1), at: row.time(2), first: first, last: last ?? first, isSettledAgain: last != nil)
    }

    static func find(_ memberID: String, cause: String, _ db: SQLConnection) throws -> Record? {
        try db.first("SELECT \(raw: columns) FROM traces WHERE member_id = \(memberID) AND cause = \(cause)", record) ?? nil
    }

    static func find(_ memberID: String, ref: String, limit: Int, _ db: SQLConnection) throws -> [Record] {
        try db.all(
            """
            SELECT \(raw: columns) FROM traces WHERE member_id = \(memberID) AND (ref = \(ref) OR event_id = \(ref))
            ORDER BY at DESC, cause DESC LIMIT \(limit)
            """, record
        ).compactMap { $0 }
    }

    /// Newest first.
    static func latest(_ memberID: String, limit: Int, _ db: SQLConnection) throws -> [Record] {
        try db.all(
            "SELECT \(raw: columns) FROM traces WHERE member_id = \(memberID) ORDER BY at DESC, cause DESC LIMIT \(limit)", record
        ).compactMap { $0 }
    }
}
