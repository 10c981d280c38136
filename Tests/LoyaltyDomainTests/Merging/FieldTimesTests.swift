import LoyaltyDomain
import Shared
import Testing

@Suite("News that arrive in any order")
struct FieldTimesTests {
    @Test("an order's end state does not depend on the order its events arrive in")
    func permutations() {
        for seed in UInt64(1)...100 { checkPermutations(seed) }
    }

    private func checkPermutations(_ seed: UInt64) {
        var chance = Chance(seed: seed)
        var events: [(data: OrderData, stage: Order.Stage, time: Timestamp)] = []
        for index in 1...5 {
            var data = OrderData(orderID: "1")
            if chance.coin() { data.total = chance.int(0...9_999) }
            if chance.coin() { data.subtotal = chance.int(0...9_999) }
            if chance.coin() { data.channel = "channel \(index)" }
            if chance.coin() { data.items = [OrderItem(lineID: "\(index)")] }
            if chance.coin() { data.placedAt = Timestamp(milliseconds: chance.int(0...500)) }
            events.append(
                (data, [.placed, .paid, .updated, .cancelled][Int(chance.int(0...3))], Timestamp(milliseconds: Int64(index) * 1_000)))
        }
        func end(_ events: [(data: OrderData, stage: Order.Stage, time: Timestamp)]) -> [String] {
            var order = Order(id: "1", firstEventAt: events[0].time)
            for event in events { order.apply(event.data, stage: event.stage, at: event.time) }
            return [
                "\(order.amounts)", order.channel ?? "-", "\(order.items ?? [])", order.placedAt.rfc3339,
                "\(String(describing: order.paidAt))",
                "\(String(describing: order.cancelledAt))",
            ]
        }
        let expected = end(events)
        for _ in 0..<5 { #expect(end(events.shuffled(using: &chance)) == expected, "seed \(seed)") }
    }

    @Test("what is filled in from elsewhere gives way to what the customer's own events say, whichever comes first")
    func fillIsWeak() {
        var fromOrder = CustomerData()
        fromOrder.firstName = "A"
        fromOrder.email = "a@example.com"
        var fromStore = CustomerData()
        fromStore.firstName = "Ayşe"
        let time = Timestamp(milliseconds: 5_000)
        var first = Customer(id: "1", isGuest: false, createdAt: time)
        let firstFilled = first.fill(from: fromOrder)
        first.apply(fromStore, at: time)
        var second = Customer(id: "1", isGuest: false, createdAt: time, times: FieldTimes(base: time))
        second.apply(fromStore, at: time)
        let secondFilled = second.fill(from: fromOrder)
        let filledAgain = second.fill(from: fromOrder)
        #expect(firstFilled && secondFilled && !filledAgain)
        for customer in [first, second] {
            #expect(customer.firstName == "Ayşe")
            #expect(customer.email == "a@example.com")
        }
    }

    @Test("what was cleared on purpose is not filled in again from elsewhere, nor by old news")
    func cleared() {
        var data = CustomerData()
        data.phone = "+90"
        data.city = "İzmir"
        var customer = Customer(id: "1", isGuest: false, createdAt: .epoch)
        customer.apply(data, at: Timestamp(milliseconds: 1_000))
        customer.clear(["phone"], at: Timestamp(milliseconds: 3_000))
        customer.apply(data, at: Timestamp(milliseconds: 2_000))
        _ = customer.fill(from: data)
        #expect(customer.phone == nil)
        customer.apply(data, at: Timestamp(milliseconds: 4_000))
        #expect(customer.phone == "+90")
    }

    @Test("times survive being kept, and fold away when everything is said anew")
    func kept() {
        var times = FieldTimes(base: Timestamp(milliseconds: 10))
        var name: String?
        var city: String?
        times.take("name", "a", at: Timestamp(milliseconds: 10), into: &name)
        times.finish(at: Timestamp(milliseconds: 10))
        times.take("name", nil, at: Timestamp(milliseconds: 20), into: &name)
        times.take("city", "b", at: Timestamp(milliseconds: 20), into: &city)
        times.finish(at: Timestamp(milliseconds: 20))
        #expect(times.json == ["city": 20])
        #expect(FieldTimes(base: Timestamp(milliseconds: 10), json: times.json).time(of: "city").milliseconds == 20)
        times.take("name", "c", at: Timestamp(milliseconds: 30), into: &name)
        times.take("city", "d", at: Timestamp(milliseconds: 30), into: &city)
        times.finish(at: Timestamp(milliseconds: 30))
        #expect(times.json == nil)
        #expect(times.base.milliseconds == 30)
    }
}
