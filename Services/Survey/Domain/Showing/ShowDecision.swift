import Shared

/// Whether one survey is put before one person, and if not, why. In the order in which it is asked: the later the reason, the nearer it came.
public enum ShowReason: String, Sendable, CaseIterable, Comparable {
    /// No survey is published.
    case noSurvey = "no_survey"
    /// Its trigger is for another page or moment, or it is not shown in pages at all.
    case otherPage = "other_page"
    case notInAudience = "not_in_audience"
    case notInSample = "not_in_sample"
    case alreadyAnswered = "already_answered"
    case alreadyClosed = "already_closed"
    /// Some survey was seen too short a time ago.
    case coolingDown = "cooling_down"
    case show

    public static func < (a: ShowReason, b: ShowReason) -> Bool {
        let order = allCases
        return (order.firstIndex(of: a) ?? 0) < (order.firstIndex(of: b) ?? 0)
    }
}

/// What is known of whoever may be shown a survey.
public struct Beholder: Sendable {
    /// The person's key, which the sample goes by.
    public var person: String
    public var customerID: String?
    /// Orders placed and not cancelled.
    public var orders: Int64
    public var page: String?
    public var locale: String?
    /// When any survey was last seen or an invitation went out.
    public var lastAskedAt: Timestamp?

    public init(
        person: String, customerID: String?, orders: Int64, page: String? = nil, locale: String? = nil, lastAskedAt: Timestamp? = nil
    ) {
        self.person = person
        self.customerID = customerID
        self.orders = orders
        self.page = page
        self.locale = locale
        self.lastAskedAt = lastAskedAt
    }

    func facts(now: Timestamp) -> ConditionFacts {
        ConditionFacts(
            [
                "customer": ["id": .from(customerID), "known": .bool(customerID != nil)], "orders": ["count": .int(orders)],
                "page": ["url": .from(page)], "visitor": ["locale": .from(locale)],
            ], now: now)
    }
}

public enum ShowDecision {
    /// For a storefront page.
    public static func onSite(
        _ survey: SurveyDefinition, id: String, to beholder: Beholder, moment: SurveyTrigger.OnSite.Moment?, standing: PersonStanding,
        now: Timestamp
    ) -> ShowReason {
        guard case .onSite(let site) = survey.trigger, site.fits(page: beholder.page, moment: moment) else { return .otherPage }
        return asking(survey, id: id, beholder, standing: standing, now: now)
    }

    /// Whether the person may be asked at all, by whichever way.
    public static func asking(
        _ survey: SurveyDefinition, id: String, _ beholder: Beholder, standing: PersonStanding, now: Timestamp
    ) -> ShowReason {
        if let audience = survey.audience, !audience.verdict(beholder.facts(now: now)).holds { return .notInAudience }
        if !inSample(survey.samplePercent, id: id, person: beholder.person) { return .notInSample }
        if standing.completedAt != nil { return .alreadyAnswered }
        if standing.closedAt != nil { return .alreadyClosed }
        if let last = beholder.lastAskedAt, survey.cooldownDays > 0, last.adding(days: survey.cooldownDays) > now { return .coolingDown }
        return .show
    }

    /// The same person is always in or always out, and other persons for another survey.
    public static func inSample(_ percent: Int64, id: String, person: String) -> Bool {
        percent >= 100 || Int64(hash("\(id) \(person)") % 100) < percent
    }

    /// FNV-1a, its bits mixed as SplitMix64 does: the same on every machine, for ever.
    private static func hash(_ text: String) -> UInt64 {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
