import Shared
import SharedTesting
import Testing

@Suite("Retention, against a recount by hand")
struct RetentionTests {
    private struct Sale {
        let person: String
        let isGuest: Bool
        let placedAt: Timestamp
        let total: Int64
        var refunded: Int64 = 0
        let currency: String
        let isCancelled: Bool
    }

    @Test("the figures of random shops are those of a plain recount")
    func recount() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        try await LoyaltyHouse.with { house in
            var chance = Rolls(seed: seed)
            var sales: [Sale] = []
            var events: [CloudEvent] = (0..<10).map {
                event("customer.created", ["customer": ["id": .string("c\($0)"), "email": .string("p\($0)@example.com")]])
            }
            let start = TestHouse.startOfTime.adding(days: -100)
            for number in 0..<400 {
                let person = Int.random(in: 0..<25, using: &chance)
                // The first ten persons are registered, the others guests for ever; a registered one may order as a guest too.
                let isGuest = person >= 10 || Bool.random(using: &chance)
                var sale = Sale(
                    person: "p\(person)", isGuest: isGuest,
                    placedAt: start.adding(seconds: Int64.random(in: 0...8_640_000, using: &chance)),
                    total: Bool.random(using: &chance) ? 0 : Int64.random(in: 0...90_000, using: &chance),
                    currency: Int.random(in: 0..<5, using: &chance) == 0 ? "EUR" : "TRY",
                    isCancelled: Int.random(in: 0..<6, using: &chance) == 0)
                let data = orderData(
                    "o\(number)", customer: isGuest ? nil : "c\(person)", email: "p\(person)@example.com", total: sale.total,
                    currency: sale.currency,
                    placedAt: sale.placedAt.rfc3339)
                events.append(event(Bool.random(using: &chance) ? "order.paid" : "order.placed", data))
                if sale.total > 0, Bool.random(using: &chance) {
                    sale.refunded = Int64.random(in: 0...sale.total, using: &chance)
                    events.append(event("order.refunded", refundData("o\(number)", "r", amount: sale.refunded)))
                }
                if sale.isCancelled { events.append(event("order.cancelled", ["order_id": .string("o\(number)")], at: 9)) }
                sales.append(sale)
            }
            events.shuffle(using: &chance)
            for part in stride(from: 0, to: events.count, by: 100) {
                try await house.send(Array(events[part..<min(part + 100, events.count)]))
            }
            try await house.setProgramme(["currency": "TRY"])

            let windows: [(Timestamp?, Timestamp?)] = [
                (nil, nil), (start.adding(days: 20), start.adding(days: 60)), (start.adding(days: 50), nil), (nil, sales[7].placedAt),
                (sales[7].placedAt, nil), (start.adding(days: 500), nil),
            ]
            for (from, to) in windows {
                for currency in ["TRY", "EUR"] {
                    var path = "/v1/metrics/retention?"
                    if let from { path += "from=\(from.rfc3339)&" }
                    if let to { path += "to=\(to.rfc3339)&" }
                    if currency == "EUR" { path += "currency=EUR" }
                    let answer = try await house.test.get(path).json
                    let counted = sales.filter { sale in
                        !sale.isCancelled && sale.currency == currency && (from.map { sale.placedAt >= $0 } ?? true)
                            && (to.map { sale.placedAt < $0 } ?? true)
                    }
                    check(answer, counted, currency, "seed \(seed), \(path)")
                }
            }
        }
    }

    private func check(_ answer: JSON, _ sales: [Sale], _ currency: String, _ what: Comment) {
        let persons = Dictionary(grouping: sales, by: \.person).mapValues { $0.map(\.placedAt).sorted() }
        let gross = sales.reduce(0) { $0 + $1.total }
        let net = gross - sales.reduce(0) { $0 + $1.refunded }
        var gaps: [Double] = []
        for times in persons.values {
            for (earlier, later) in zip(times, times.dropFirst()) {
                gaps.append(Double(later.milliseconds - earlier.milliseconds) / 86_400_000)
            }
        }
        func close(_ name: String, _ expected: Double?) {
            guard let expected else {
                #expect(answer[name] == .null, what)
                return
            }
            #expect(abs((answer[name]?.double ?? .nan) - expected) <= 1e-9 * max(1, abs(expected)), what)
        }
        #expect(answer["currency"] == .string(currency), what)
        #expect(answer["orders"]?.int == Int64(sales.count), what)
        #expect(answer["customers"]?.int == Int64(persons.count), what)
        #expect(answer["guest_orders"]?.int == Int64(sales.filter(\.isGuest).count), what)
        #expect(answer["gross_revenue"]?.int == gross, what)
        #expect(answer["net_revenue"]?.int == net, what)
        let orders = sales.isEmpty ? nil : Double(sales.count)
        let people = persons.isEmpty ? nil : Double(persons.count)
        close("guest_checkout_rate", orders.map { Double(sales.filter(\.isGuest).count) / $0 })
        close("average_order_value", orders.map { Double(gross) / $0 })
        close("purchase_frequency", people.map { Double(sales.count) / $0 })
        close("repeat_purchase_rate", people.map { Double(persons.values.filter { $0.count > 1 }.count) / $0 })
        close("lifetime_value", people.map { Double(net) / $0 })
        close("days_between_orders", gaps.isEmpty ? nil : gaps.reduce(0, +) / Double(gaps.count))
    }

    @Test(
        "wrong parameters are named",
        arguments: [
            ("from=yesterday", "?from"), ("currency=XYZ", "?currency"), ("segment=seg_1", "?segment"),
            ("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "?to"),
        ])
    func wrong(_ query: String, _ pointer: String) async throws {
        try await LoyaltyHouse.with { house in
            let answer = try await house.test.get("/v1/metrics/retention?\(query)")
            #expect(answer.status == 422)
            #expect(answer.pointers == [pointer])
        }
    }

    @Test("amounts past what a sum of 64 bits holds are still added rightly")
    func large() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            try await house.send(
                (0..<1_100).map { event("order.placed", orderData("\($0)", customer: "c\($0 % 3)", total: FieldReader.maximumAmount)) })
            let answer = try await house.test.get("/v1/metrics/retention").json
            #expect(answer["gross_revenue"]?.double == Double(FieldReader.maximumAmount) * 1_100)
            #expect(answer["average_order_value"]?.double == Double(FieldReader.maximumAmount))
        }
    }
}
