import Shared
import SharedRuntime

/// A shop's history for load: orders placed and paid, refunds among them, some of those ahead of their orders. The same seed gives the same history.
struct Load: Sendable {
    /// In the order they are sent, in calls of `batch` events each.
    let batches: [[CloudEvent]]
    /// What every member must have in the end, reckoned from the orders and refunds alone.
    let balances: [String: Int64]
    /// Orders recent enough for a mail.
    let recentOrders: Set<String>
    let refunds: [CloudEvent]

    var count: Int { batches.reduce(0) { $0 + $1.count } }

    /// - Parameters:
    ///   - count: events in all, of which a tenth are refunds.
    ///   - recent: orders of this hour; the others are ten days old, and flows leave those alone.
    init(events count: Int, customers: Int, recent: Int, batch: Int, seed: UInt64) {
        var random = SplitMix(state: seed)
        let shop = Shop("load-\(seed)")
        let now = VefaClock.machineNow
        let orderCount = count * 9 / 20
        var events: [CloudEvent] = []
        var refunds: [CloudEvent] = []
        var early: [CloudEvent] = []
        var late: [CloudEvent] = []
        var balances: [String: Int64] = [:]
        var recentOrders: Set<String> = []
        let recentStep = max(1, orderCount / max(1, recent))
        for index in 0..<orderCount {
            let isRecent = index % recentStep == 0 && recentOrders.count < recent
            let customer = "load-\(random.next(customers))"
            let subtotal = 1_000 + Int64(random.next(100_000))
            let order = Shop.Order(
                id: "L-\(index)", customer: customer, email: "\(customer)@example.com", subtotal: subtotal,
                discount: Int64(random.next(500)),
                at: isRecent ? now.adding(seconds: -Int64(random.next(3_600))) : now.adding(days: -10).adding(seconds: Int64(index)))
            if isRecent { recentOrders.insert(order.id) }
            events.append(shop.placed(order))
            events.append(shop.paid(order))

            // Some orders give back twice, some everything at once.
            var left = order.total
            let wanted = [0, 0, 0, 1, 0, 0, 2, 0, 0, 0][random.next(10)]
            for number in 0..<min(wanted, count - 2 * orderCount - refunds.count) {
                let amount = random.next(4) == 0 ? left : 1 + Int64(random.next(Int(left) / 2))
                guard amount > 0, !(isRecent && amount == left) else { continue }
                left -= amount
                let refund = shop.refunded(order, "\(number)", amount: amount)
                refunds.append(refund)
                // A recent order's refund comes after it, so that its mail finds points to show without waiting a minute.
                if !isRecent, random.next(4) == 0 { early.append(refund) } else { late.append(refund) }
            }
            balances[customer, default: 0] += left / 100
        }
        // Whatever is missing to the wanted count are single events of no consequence.
        let fillers = (0..<max(0, count - events.count - refunds.count)).map { shop.custom("filler-\($0)", type: "custom.noted") }
        let sent = early + events + late + fillers
        batches = stride(from: 0, to: sent.count, by: batch).map { Array(sent[$0..<min($0 + batch, sent.count)]) }
        self.refunds = refunds
        self.balances = balances
        self.recentOrders = recentOrders
    }
}

/// A small generator with a seed (SplitMix64), so that a failure can be had again.
struct SplitMix: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}
