import LoyaltyDomain
import Shared
import Testing

@Suite("Loyalty: the way over the ladder")
struct TierTimelineTests {
    @Test("up at once to the highest that qualifies, and what is missing to the next")
    func upgrade() {
        let ladder = TierLadder([tier("b", 100), tier("a", 50), tier("c", 300)], zone: .utc)
        let timeline = TierTimeline(points([(1, 40), (2, 70)]), ladder, from: day(0), until: day(10))
        #expect(timeline.state == TierState(tierID: "b", since: day(2)))
        #expect(timeline.changes.map(\.kind) == [.upgraded])
        #expect(ladder.next(after: "b")?.id == "c")
        #expect(timeline.remaining(to: tier("c", 300)) == 190)
        #expect(timeline.next == nil)
    }

    @Test("ageing out: at risk, then one step after the grace, and the next step has its own")
    func steps() {
        let window = Tier.Window.rollingDays(30)
        let ladder = TierLadder([tier("a", 50, window, grace: 5), tier("b", 100, window, grace: 10)], zone: .utc)
        let facts = points([(0, 100)])
        func at(_ days: Int64) -> TierTimeline { TierTimeline(facts, ladder, from: day(0), until: day(days)) }
        #expect(at(29).state == TierState(tierID: "b", since: day(0)))
        #expect(at(29).next == day(30))
        #expect(at(30).state == TierState(tierID: "b", since: day(0), risk: .init(fellAt: day(30), dueAt: day(40))))
        #expect(at(30).changes.last?.remaining == 100)
        #expect(at(30).next == day(40))
        #expect(at(40).state == TierState(tierID: "a", since: day(40), risk: .init(fellAt: day(40), dueAt: day(45))))
        #expect(at(45).state == TierState(tierID: nil, since: day(45)))
        #expect(at(45).changes.map(\.kind) == [.upgraded, .atRisk, .downgraded, .atRisk, .downgraded])
        #expect(at(45).next == nil)
    }

    @Test("without a grace several steps at one moment are one")
    func plunge() {
        let window = Tier.Window.rollingDays(30)
        let ladder = TierLadder([tier("a", 50, window), tier("b", 100, window)], zone: .utc)
        let timeline = TierTimeline(points([(0, 100)]), ladder, from: day(0), until: day(31))
        #expect(timeline.changes.map(\.kind) == [.upgraded, .downgraded])
        #expect(timeline.changes.last?.from == "b")
        #expect(timeline.changes.last?.to == nil)
    }

    @Test("back over the threshold within the grace ends the risk")
    func recovery() {
        let ladder = TierLadder([tier("a", 100, .rollingDays(30), grace: 10)], zone: .utc)
        let timeline = TierTimeline(points([(0, 100), (35, 100)]), ladder, from: day(0), until: day(50))
        #expect(timeline.changes.map(\.kind) == [.upgraded, .atRisk, .recovered])
        #expect(timeline.state == TierState(tierID: "a", since: day(0)))
        #expect(timeline.next == day(65))
    }

    @Test("what was taken back counts no more from then on")
    func loss() {
        let ladder = TierLadder([tier("a", 100, .lifetime, grace: 10)], zone: .utc)
        let facts = TierFacts(points: [
            TierCredit(at: day(0), amount: 100), TierCredit(at: day(0), since: day(5), amount: -1),
        ])
        #expect(TierTimeline(facts, ladder, from: day(0), until: day(4)).state.risk == nil)
        let after = TierTimeline(facts, ladder, from: day(0), until: day(5))
        #expect(after.state.risk == .init(fellAt: day(5), dueAt: day(15)))
        #expect(after.changes.last?.remaining == 1)
    }

    @Test("a calendar year ends at midnight in the programme's zone")
    func calendarYear() throws {
        let zone = ZoneRules { _ in 3 * 3_600_000 }
        let ladder = TierLadder([tier("a", 100, .calendarYear)], zone: zone)
        // 23:30 on 31 December in UTC is the next year in Istanbul.
        let old = try #require(Timestamp(rfc3339: "2025-12-31T20:30:00Z"))
        let new = try #require(Timestamp(rfc3339: "2025-12-31T21:30:00Z"))
        let end = try #require(Timestamp(rfc3339: "2025-12-31T21:00:00Z"))
        let timeline = TierTimeline(
            TierFacts(points: [TierCredit(at: old, amount: 100), TierCredit(at: new, amount: 99)]), ladder, from: old, until: new)
        #expect(timeline.changes.map(\.at) == [old, end])
        #expect(timeline.state.tierID == nil)
        #expect(timeline.remaining(to: tier("a", 100)) == 1)
    }

    @Test("a subscription holds its tier while it runs, above those that multiply no more, and its end leads to what is earned")
    func subscription() {
        let plus = Tier(id: "plus", version: 1, name: "plus", threshold: 0, multiplier: 150, graceDays: 2, plans: ["monthly"])
        let ladder = TierLadder(
            [tier("a", 0, multiplier: 100), plus, tier("b", 100, multiplier: 150), tier("c", 500, multiplier: 300)], zone: .utc)
        #expect(ladder.tiers.map(\.id) == ["a", "b", "plus", "c"])
        let spans = [SubscriptionSpan(plan: "monthly", from: day(5), until: day(20))]
        var facts = TierFacts(points: [TierCredit(at: day(1), amount: 10)], subscriptions: spans)
        let timeline = TierTimeline(facts, ladder, from: day(0), until: day(30))
        #expect(timeline.changes.map(\.to) == ["a", "plus", "plus", "a"])
        #expect(timeline.changes.map(\.at) == [day(0), day(5), day(20), day(22)])
        facts.points.append(TierCredit(at: day(6), amount: 500))
        #expect(TierTimeline(facts, ladder, from: day(0), until: day(30)).state == TierState(tierID: "c", since: day(6)))
    }

    @Test("a tier that is no more leads to the highest that qualifies")
    func deleted() {
        let ladder = TierLadder([tier("a", 50)], zone: .utc)
        let start = TierState(tierID: "gone", since: day(1))
        let timeline = TierTimeline(points([(1, 60)]), ladder, start: start, from: day(3), until: day(3))
        #expect(timeline.changes.map(\.kind) == [.downgraded])
        #expect(timeline.state == TierState(tierID: "a", since: day(3)))
    }

    @Test("a date that was told stays, whatever the grace is now")
    func promise() {
        let start = TierState(tierID: "a", since: day(1), risk: .init(fellAt: day(2), dueAt: day(9)))
        let ladder = TierLadder([tier("a", 50, .lifetime, grace: 1)], zone: .utc)
        #expect(TierTimeline(TierFacts(), ladder, start: start, from: day(3), until: day(8)).state == start)
        #expect(TierTimeline(TierFacts(), ladder, start: start, from: day(3), until: day(9)).state.tierID == nil)
    }

    @Test("any order of arrival ends the same; two halves end where one does; it never gets there later than told", arguments: 0..<300)
    func properties(_ number: Int) {
        let seed = UInt64(number) &* 7_919 &+ 13
        var chance = Chance(seed: seed)
        let ladder = randomLadder(&chance)
        let facts = randomFacts(&chance)
        let until = day(chance.int(0...900))
        let whole = TierTimeline(facts, ladder, from: day(0), until: until)

        let shuffled = TierFacts(
            points: facts.points.shuffled(using: &chance), spent: facts.spent.shuffled(using: &chance),
            subscriptions: facts.subscriptions.shuffled(using: &chance))
        let other = TierTimeline(shuffled, TierLadder(ladder.tiers.shuffled(using: &chance), zone: .utc), from: day(0), until: until)
        #expect(other.state == whole.state, "seed \(seed)")
        #expect(other.changes == whole.changes, "seed \(seed)")
        #expect(other.next == whole.next, "seed \(seed)")

        let middle = Timestamp(milliseconds: chance.int(0...until.milliseconds))
        let first = TierTimeline(facts, ladder, from: day(0), until: middle)
        let second = TierTimeline(facts, ladder, start: first.state, from: middle, until: until)
        #expect(second.state == whole.state, "seed \(seed)")
        #expect(first.changes + second.changes == whole.changes, "seed \(seed)")
        #expect(second.next == whole.next, "seed \(seed)")
        #expect(whole.state(at: middle, start: TierState()) == first.state, "seed \(seed)")

        // `next` is exact: nothing changes before it, and something at it.
        if let next = first.next {
            let before = TierTimeline(facts, ladder, from: day(0), until: next.adding(milliseconds: -1))
            // Facts of the future are no matter of time alone here, but count the same.
            #expect(before.changes.count == first.changes.count, "seed \(seed)")
            #expect(TierTimeline(facts, ladder, from: day(0), until: next).changes != first.changes, "seed \(seed)")
        }
    }

    @Test("more is never less: whoever earned more holds no lower tier", arguments: 0..<200)
    func monotone(_ number: Int) {
        let seed = UInt64(number) &* 104_729 &+ 5
        var chance = Chance(seed: seed)
        let window = Tier.Window.rollingDays(chance.int(5...200))
        let ladder = TierLadder((0..<4).map { tier("t\($0)", Int64($0) * 100, window, grace: chance.int(0...40)) }, zone: .utc)
        var facts = points((0..<8).map { _ in (chance.int(0...400), chance.int(1...150)) })
        let until = day(chance.int(0...500))
        let less = TierTimeline(facts, ladder, from: day(0), until: until).state
        facts.points.append(TierCredit(at: day(chance.int(0...400)), amount: chance.int(1...300)))
        let more = TierTimeline(facts, ladder, from: day(0), until: until).state
        #expect(ladder.index(of: more.tierID) ?? -1 >= ladder.index(of: less.tierID) ?? -1, "seed \(seed)")
    }

    @Test("amounts as large as there are neither trap nor turn round")
    func extremes() {
        let ladder = TierLadder([tier("a", FieldReader.maximumAmount), tier("b", 1, .rollingDays(3_650), grace: 3_650)], zone: .utc)
        let facts = TierFacts(points: (0..<10).map { _ in TierCredit(at: Timestamp(milliseconds: .max), amount: .max) })
        let timeline = TierTimeline(facts, ladder, from: .epoch, until: day(1))
        #expect(timeline.state.tierID == nil)
        #expect(timeline.remaining(to: ladder.tiers[1]) == FieldReader.maximumAmount)
    }
}

// MARK: - Words

private func day(_ number: Int64) -> Timestamp { Timestamp.epoch.adding(days: number) }

private func tier(
    _ id: String, _ threshold: Int64, _ window: Tier.Window = .lifetime, grace: Int64 = 0, multiplier: Int64 = 100
) -> Tier {
    Tier(id: id, version: 1, name: id, threshold: threshold, window: window, multiplier: multiplier, graceDays: grace)
}

private func points(_ credits: [(day: Int64, points: Int64)]) -> TierFacts {
    TierFacts(points: credits.map { TierCredit(at: day($0.day), amount: $0.points) })
}

private func randomLadder(_ chance: inout Chance) -> TierLadder {
    var tiers: [Tier] = []
    for number in 0...chance.int(0...4) {
        let window: Tier.Window =
            switch chance.int(0...2) {
            case 0: .lifetime
            case 1: .calendarYear
            default: .rollingDays(chance.int(1...400))
            }
        tiers.append(
            Tier(
                id: "t\(number)", version: 1, name: "t\(number)", threshold: chance.int(0...400),
                basis: chance.coin() ? .pointsEarned : .amountSpent,
                window: window, multiplier: 100 * (number + 1), graceDays: chance.coin() ? 0 : chance.int(0...60)))
    }
    if chance.coin() {
        tiers.append(
            Tier(
                id: "plus", version: 1, name: "plus", threshold: 0, multiplier: chance.int(50...500), graceDays: chance.int(0...20),
                plans: ["p"]))
    }
    return TierLadder(tiers, zone: .utc)
}

private func randomFacts(_ chance: inout Chance) -> TierFacts {
    func credits(_ chance: inout Chance) -> [TierCredit] {
        var credits: [TierCredit] = []
        for _ in 0..<chance.int(0...12) {
            let at = day(chance.int(0...700))
            let amount = chance.int(1...200)
            credits.append(TierCredit(at: at, amount: amount))
            if chance.int(0...3) == 0 {
                credits.append(TierCredit(at: at, since: at.adding(days: chance.int(0...100)), amount: -chance.int(1...amount)))
            }
        }
        return credits
    }
    var facts = TierFacts(points: credits(&chance), spent: credits(&chance))
    for _ in 0..<chance.int(0...3) {
        let from = chance.int(0...600)
        facts.subscriptions.append(
            SubscriptionSpan(plan: "p", from: day(from), until: chance.coin() ? nil : day(from + chance.int(0...200))))
    }
    return facts
}
