import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Birthdays, half-birthdays and anniversaries: at every local midnight of the programme, while there are rules for them, whoever has one that day is
/// asked for. After downtime every day that was missed gets its own turn, dated by its own midnight.
struct OccasionSweep: Sendable {
    static let timer = "occasions.sweep"
    private static let key = "all"
    /// Customers of one write.
    private static let page = 500

    let catalogues: CatalogueCache

    /// Has the sweep begin with the coming midnight, unless it is going already.
    static func begin(_ zone: ZoneRules, _ change: Change) throws {
        guard try !change.db.exists("SELECT 1 FROM timers WHERE kind = \(timer) AND timer_key = \(key)") else { return }
        try schedule(CivilDate(daysSinceEpoch: zone.local(change.now).date.daysSinceEpoch + 1), zone, change)
    }

    private static func schedule(_ date: CivilDate, _ zone: ZoneRules, _ change: Change) throws {
        try change.schedule(timer, key: key, at: zone.instant(date, millisecondOfDay: 0), payload: ["date": .string(date.text)])
    }

    func run(_ timer: DueTimer, _ change: Change) throws {
        let catalogue = try catalogues.current(change.db)
        let asked = Occasion.allCases.filter { catalogue.rulesByTrigger[$0.rawValue] != nil }
        guard !asked.isEmpty else { return }
        guard let date = timer.payload["date"]?.string.flatMap(CivilDate.init) else { return try Self.begin(catalogue.zone, change) }
        let midnight = catalogue.zone.instant(date, millisecondOfDay: 0)
        // The programme moved to a zone where that day is yet to come.
        guard midnight <= change.now else { return try Self.schedule(date, catalogue.zone, change) }
        let present = timer.payload["occasion"]?.string.flatMap(Occasion.init)
        guard let occasion = asked.first(where: { $0 == present }) ?? asked.first else { return }
        let after = occasion == present ? timer.payload["after"]?.string ?? "" : ""

        let found = try candidates(occasion, date, after: after, catalogue, change.db)
        for candidate in found { try pay(candidate, occasion, date, midnight, catalogue, change) }

        var next: Occasion? = occasion
        if found.count < Self.page { next = asked.first { Self.rank($0) > Self.rank(occasion) } }
        guard let next else {
            return try Self.schedule(CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1), catalogue.zone, change)
        }
        try change.schedule(
            Self.timer, key: Self.key, at: change.now,
            payload: [
                "date": .string(date.text), "occasion": .string(next.rawValue),
                "after": .string(next == occasion ? found.last?.id ?? "" : ""),
            ])
    }

    private static func rank(_ occasion: Occasion) -> Int { Occasion.allCases.firstIndex(of: occasion) ?? 0 }

    // MARK: - Who

    private struct Candidate {
        let id: String
        /// When the birthday was said; nil for an anniversary.
        let setAt: Timestamp?
    }

    /// Registered customers with the occasion on that day, by id, from behind one on.
    private func candidates(
        _ occasion: Occasion, _ date: CivilDate, after: String, _ catalogue: Catalogue, _ db: SQLConnection
    ) throws -> [Candidate] {
        guard occasion == .anniversary else {
            return try db.all(
                """
                SELECT customer_id, birthday_set_at FROM customers
                WHERE birthday_key IN \(list: occasion.birthdayKeys(on: date)) AND customer_id > \(after) AND guest = 0 AND deleted_at IS NULL
                ORDER BY customer_id LIMIT \(Self.page)
                """
            ) { Candidate(id: $0.text(0), setAt: $0.timeOrNil(1)) }
        }
        let first = try db.first("SELECT enrolled_at FROM members ORDER BY enrolled_at LIMIT 1") { $0.time(0) }
        guard let first else { return [] }
        let days = Occasion.joiningDays(for: date, since: catalogue.zone.local(first).date)
        guard !days.isEmpty else { return [] }
        var spans: SQL = ""
        for (index, day) in days.enumerated() {
            let from = catalogue.zone.instant(day.from, millisecondOfDay: 0)
            let until = catalogue.zone.instant(day.until, millisecondOfDay: 0)
            spans =
                index == 0
                ? "(m.enrolled_at >= \(from) AND m.enrolled_at < \(until))"
                : "\(spans) OR (m.enrolled_at >= \(from) AND m.enrolled_at < \(until))"
        }
        return try db.all(
            """
            SELECT c.customer_id FROM members m JOIN customers c ON c.customer_id = m.customer_id
            WHERE (\(spans)) AND m.customer_id > \(after) AND c.guest = 0 AND c.deleted_at IS NULL
            ORDER BY m.customer_id LIMIT \(Self.page)
            """
        ) { Candidate(id: $0.text(0), setAt: nil) }
    }

    // MARK: - What they get

    private func pay(
        _ candidate: Candidate, _ occasion: Occasion, _ date: CivilDate, _ midnight: Timestamp, _ catalogue: Catalogue, _ change: Change
    ) throws {
        guard let member = try CustomerStore.find(candidate.id, change.db) else { return }
        func cause(_ year: Int, of memberID: String) -> String { "occasion:\(memberID):\(occasion.rawValue):\(year)" }
        // What they were paid while they were two counts too.
        let memberIDs = try CustomerStore.memberIDs(of: member, change.db)
        func paid(in year: Int) throws -> [Accrual] {
            try memberIDs.flatMap { try AccrualStore.all(cause: cause(year, of: $0), change.db) }
        }
        let known = try paid(in: date.year)
        let rules = (catalogue.rulesByTrigger[occasion.rawValue] ?? []).filter { rule in !known.contains { $0.ruleID == rule.id } }
        guard !rules.isEmpty else { return }
        let lastYear = try paid(in: date.year - 1)
        let days = (known + lastYear).compactMap { $0.earnedAt }.map { date.daysSinceEpoch - catalogue.zone.local($0).date.daysSinceEpoch }
        var stopped: RuleCode?
        if days.contains(where: { $0 > 0 && $0 < Occasion.interval }) { stopped = .onceAYear }
        if let setAt = candidate.setAt {
            let ahead = date.daysSinceEpoch - catalogue.zone.local(setAt).date.daysSinceEpoch
            if ahead < Occasion.notice { stopped = .enteredTooLate }
        }
        let event = CloudEvent(
            id: "\(occasion.rawValue):\(date.year)", source: "vefa/loyalty", type: occasion.rawValue, time: midnight, subject: candidate.id,
            data: ["date": .string(date.text)])
        var session = RuleSession(
            member, cause: cause(date.year, of: member.account.memberID), at: midnight, trace: Trace(event, config: catalogue.config), documents: ["event": event.facts],
            catalogues, catalogue, change)
        let reason = stopped
        try session.consider(rules, stopped: { _ in reason }, worth: { $0.worth(.null, multiplier: $1) })
        try session.finish(occasion: occasion.rawValue)
        try Aftermath(catalogues: catalogues).follow(candidate.id, [.points], event: event, change)
    }
}

/// What of a birthday the sweep finds customers by.
enum Birthdays {
    /// To be called whenever a customer was written: notes the day, and since when it is that. One that merely filled a gap counts from now.
    static func note(_ record: CustomerRecord, isNew: Bool, _ db: SQLConnection) throws {
        let key = record.customer.birthday.map(Occasion.key)
        if isNew, key == nil { return }
        let said = record.customer.times.time(of: "birthday")
        let since = said > FieldTimes.unsaid ? said : isNew ? record.customer.createdAt : record.updatedAt
        try db.execute(
            """
            UPDATE customers SET birthday_key = \(key), birthday_set_at = \(key == nil ? nil : since)
            WHERE customer_id = \(record.customer.id) AND birthday_key IS DISTINCT FROM \(key)
            """)
    }
}
