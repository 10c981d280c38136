import ReferralDomain
import Shared
import Testing

@Suite("The states of a referral")
struct ReferralStateTests {
    /// The whole table, written a second time: from, move, by whom, to.
    private static let allowed: [(ReferralState, ReferralMove, ReferralActor, ReferralState)] = [
        (.pending, .qualify, .system, .qualified), (.pending, .reject, .system, .rejected), (.pending, .reject, .merchant, .rejected),
        (.qualified, .approve, .system, .approved), (.qualified, .approve, .merchant, .approved), (.qualified, .reject, .system, .rejected),
        (.qualified, .reject, .merchant, .rejected), (.approved, .reverse, .system, .reversed), (.approved, .reverse, .merchant, .reversed),
        (.rejected, .restore, .merchant, .approved), (.reversed, .restore, .merchant, .approved),
    ]

    @Test("every state, move and actor: what the table names, and nothing else")
    func table() {
        for state in ReferralState.allCases {
            for move in ReferralMove.allCases {
                for actor in ReferralActor.allCases {
                    let expected = Self.allowed.first { $0.0 == state && $0.1 == move && $0.2 == actor }?.3
                    #expect(ReferralTransition.target(of: move, from: state, by: actor) == expected, "\(state) \(move) \(actor)")
                }
            }
        }
    }

    @Test("the rules never ask for a move that the table does not have")
    func rulesFollowTheTable() {
        var chance = Chance(seed: 3)
        for _ in 0..<2_000 {
            let order = Qualification(
                subtotal: chance.int(0...100), remaining: RemainingOrder(facts(subtotal: 50), refunds: []), isCancelled: chance.coin(),
                isAdvocate: chance.coin(), isFirstOrder: chance.coin())
            for state in ReferralState.allCases {
                guard let (move, _) = order.move(from: state, minimum: chance.int(0...100), isRestored: chance.coin()) else { continue }
                #expect(ReferralTransition.target(of: move, from: state, by: .system) != nil)
            }
        }
    }
}

@Suite("Who may be referred")
struct ClaimFactsTests {
    @Test("the first reason is told, in the promised order")
    func order() {
        var facts = ClaimFacts(isKnownCode: false, isOpen: false, isValidEmail: false, isAdvocate: true, hasBought: true, isReferred: true)
        #expect(facts.refusal == .unknownCode)
        facts.isKnownCode = true
        #expect(facts.refusal == .programmeClosed)
        facts.isOpen = true
        #expect(facts.refusal == .invalidEmail)
        facts.isValidEmail = true
        #expect(facts.refusal == .selfReferral)
        facts.isAdvocate = false
        #expect(facts.refusal == .existingCustomer)
        facts.hasBought = false
        #expect(facts.refusal == .alreadyReferred)
        facts.isReferred = false
        #expect(facts.refusal == nil)
    }
}

@Suite("What an order is worth to a referral")
struct RemainingOrderTests {
    @Test("the minimum is measured before discounts; a refund by amount lowers it by its share of the total")
    func amounts() {
        let order = facts(subtotal: 4_000, discount: 1_000, total: 3_000)
        #expect(RemainingOrder(order, refunds: []).value == 4_000)
        #expect(RemainingOrder(order, refunds: [refund("1", 750)]).value == 3_000)
        let whole = RemainingOrder(order, refunds: [refund("1", 750), refund("2", 2_250)])
        #expect(whole.isFullyRefunded && whole.value == 0)
    }

    @Test("a refund by lines lowers it by the lines' prices, never by more pieces than were bought")
    func lines() {
        var data = OrderData(orderID: "1")
        data.items = [OrderItem(lineID: "a", quantity: 2, unitPrice: 1_500), OrderItem(lineID: "b", quantity: 1, unitPrice: 1_000)]
        let order = facts(data)
        #expect(order.subtotal == 4_000)
        let one = RefundData(orderID: "1", refundID: "1", amount: nil, items: [RefundItem(lineID: "a", quantity: 1, amount: nil)])
        #expect(RemainingOrder(order, refunds: [one]).value == 2_500)
        let many = RefundData(orderID: "1", refundID: "2", amount: nil, items: [RefundItem(lineID: "a", quantity: 9, amount: nil)])
        #expect(RemainingOrder(order, refunds: [one, many]).value == 1_000)
        let rest = RefundData(orderID: "1", refundID: "3", amount: nil, items: [RefundItem(lineID: "b", quantity: nil, amount: nil)])
        #expect(RemainingOrder(order, refunds: [one, many, rest]).isFullyRefunded)
    }

    @Test("neither the order nor the splitting of refunds matters, nothing is below nothing, and nothing overflows")
    func properties() {
        for seed in UInt64(1)...500 {
            var chance = Chance(seed: seed)
            let top = chance.coin() ? 100_000 : FieldReader.maximumAmount
            let order = facts(subtotal: chance.int(0...top), discount: chance.int(0...top), total: chance.int(0...top))
            let amounts = (0..<chance.int(1...6)).map { _ in chance.int(0...top) }
            let refunds = amounts.enumerated().map { refund("\($0)", $1) }
            let once = RemainingOrder(order, refunds: refunds)
            #expect(RemainingOrder(order, refunds: refunds.shuffled(using: &chance)) == once, "seed \(seed)")
            #expect(once.value >= 0 && once.value <= order.subtotal, "seed \(seed)")
            let sum = amounts.reduce(Int64(0)) { min($0 + $1, FieldReader.maximumAmount * 6) }
            #expect(RemainingOrder(order, refunds: [refund("all", sum)]) == once, "seed \(seed)")
            let more = RemainingOrder(order, refunds: refunds + [refund("more", chance.int(0...top))])
            #expect(more.value <= once.value, "seed \(seed)")
        }
    }

    @Test("an order's facts are the same, whatever the order its events come in")
    func gathered() {
        for seed in UInt64(1)...200 {
            var chance = Chance(seed: seed)
            let events = (0..<6).map { index -> (OrderData, Timestamp) in
                var data = OrderData(orderID: "1")
                if chance.coin() { data.subtotal = chance.int(0...9_999) }
                if chance.coin() { data.total = chance.int(0...9_999) }
                if chance.coin() { data.couponCodes = ["C\(chance.int(0...9))"] }
                if chance.coin() { data.referralCode = "R\(chance.int(0...9))" }
                return (data, Timestamp(milliseconds: Int64(index)))
            }
            func told(_ events: [(OrderData, Timestamp)]) -> OrderFacts {
                events.reduce(into: OrderFacts()) { $0.hear($1.0, at: $1.1) }
            }
            let once = told(events)
            let again = told(events.shuffled(using: &chance) + events.shuffled(using: &chance))
            #expect(once.codes == again.codes && once.subtotal == again.subtotal && once.total == again.total, "seed \(seed)")
            #expect(OrderFacts(json: once.json) == once, "seed \(seed)")
        }
    }
}

@Suite("The rewards of a referral")
struct RewardRecordTests {
    private func outcome(_ key: String, _ state: GrantOutcome.State) -> GrantOutcome {
        GrantOutcome(key: key, state: state, reason: "referral", couponCode: state == .issued ? "C-\(key)" : nil)
    }

    @Test("ordered once, taken back once, and ordered again under another key")
    func turns() {
        var record = RewardRecord()
        #expect(record.order("k") == "k" && record.order("k") == nil)
        record.hear(outcome("k", .issued))
        #expect(record.state == .issued && record.couponCode == "C-k")
        #expect(record.revoke() == "k" && record.revoke() == nil)
        #expect(record.isSettling && record.order("k") == nil)
        record.hear(outcome("k", .issued))
        #expect(record.state == .revoking)
        record.hear(outcome("k", .revoked))
        #expect(record.order("k") == "k:2")
        record.hear(outcome("k", .revoked))
        #expect(record.state == .ordered)
        #expect(RewardRecord(json: record.json) == record)
    }

    @Test("what was spent is not given a second time, and what was refused may be tried again")
    func spent() {
        var record = RewardRecord()
        _ = record.order("k")
        _ = record.revoke()
        record.hear(outcome("k", .spent))
        #expect(record.order("k") == nil)
        var refused = RewardRecord()
        _ = refused.order("k")
        refused.hear(outcome("k", .refused))
        #expect(refused.revoke() == nil && refused.order("k") == "k:2")
    }
}

@Suite("Programmes")
struct ProgrammeTests {
    @Test("a programme is open from its start to just before its end")
    func dates() {
        var programme = ReferralProgramme.standard(id: "p")
        #expect(programme.isOpen(at: .epoch))
        programme.startsAt = Timestamp(milliseconds: 10)
        programme.endsAt = Timestamp(milliseconds: 20)
        #expect([9, 10, 19, 20].map { programme.isOpen(at: Timestamp(milliseconds: $0)) } == [false, true, true, false])
        programme.state = .closed
        #expect(!programme.isOpen(at: Timestamp(milliseconds: 15)))
    }

    @Test("what is written is read back")
    func roundTrip() throws {
        var programme = ReferralProgramme.standard(id: "p")
        programme.maxPerAdvocate = AdvocateLimit(count: 3, every: .month)
        programme.terms.friendReward = .points(50)
        programme.landingURL = WebAddress("https://shop.example/friends")
        let issues = FieldIssues()
        #expect(ReferralProgramme(FieldReader(.init(programme.json.members), issues: issues), id: "p") == programme)
        #expect(issues.isEmpty)
    }

    @Test(
        "periods begin when the calendar says",
        arguments: [
            (AdvocateLimit.Period.day, "2026-03-05T00:00:00Z"), (.week, "2026-03-02T00:00:00Z"), (.month, "2026-03-01T00:00:00Z"),
            (.year, "2026-01-01T00:00:00Z"),
        ])
    func periods(_ period: AdvocateLimit.Period, _ start: String) throws {
        let time = try #require(Timestamp(rfc3339: "2026-03-05T13:14:15Z"))
        #expect(AdvocateLimit(count: 1, every: period).start(of: time).rfc3339 == start)
    }
}

private func facts(_ data: OrderData) -> OrderFacts {
    var facts = OrderFacts()
    facts.hear(data, at: .epoch)
    return facts
}

private func facts(subtotal: Int64, discount: Int64 = 0, total: Int64? = nil) -> OrderFacts {
    var data = OrderData(orderID: "1")
    data.subtotal = subtotal
    data.discountTotal = discount
    data.total = total ?? subtotal
    return facts(data)
}

private func refund(_ id: String, _ amount: Int64) -> RefundData { RefundData(orderID: "1", refundID: id, amount: amount, items: []) }
