import Testing

@testable import Shared

@Suite("Who hears of what") struct EventRoutingTests {
    @Test(
        "the catalogue's types reach who lives by them",
        arguments: [
            (.gateway, "order.paid", [.loyalty, .messaging, .referral, .survey]),
            (.gateway, "customer.deleted", [.loyalty, .messaging, .referral, .survey]),
            (.gateway, "customers.merged", [.loyalty, .messaging, .referral, .survey]),
            (.gateway, "page.viewed", [.loyalty, .messaging]),
            (.gateway, "custom.anything", [.loyalty, .messaging]),
            (.loyalty, "points.earned", [.messaging, .gateway]),
            (.loyalty, "customers.merged", [.messaging, .referral, .survey, .gateway]),
            (.loyalty, "segment.entered", [.messaging, .survey, .gateway]),
            (.loyalty, "coupon.redeemed", [.messaging, .gateway]),
            (.referral, "referral.approved", [.loyalty, .messaging, .gateway]),
            (.survey, "contest.drawn", [.loyalty, .messaging, .gateway]),
            (.messaging, "message.opened", [.loyalty, .gateway]),
        ] as [(ServiceName, String, Set<ServiceName>)])
    func table(publisher: ServiceName, type: String, subscribers: Set<ServiceName>) {
        let found = EventRouting.subscribers(of: type, from: publisher)
        #expect(Set(found) == subscribers)
        #expect(found.count == subscribers.count)
    }

    @Test("patterns are a whole type, a family or everything")
    func patterns() {
        func matches(_ patterns: [String], _ type: String) -> Bool {
            EventRouting.Subscription(publisher: .gateway, subscriber: .loyalty, patterns: patterns).matches(type)
        }
        #expect(matches(["order.*"], "order.paid"))
        #expect(matches(["order.*"], "order.paid.twice"))
        #expect(!matches(["order.*"], "order"))
        #expect(!matches(["order.*"], "orders.paid"))
        #expect(!matches(["order.*"], "Order.paid"))
        #expect(matches(["order.paid"], "order.paid"))
        #expect(!matches(["order.paid"], "order.paid.twice"))
        #expect(matches(["*"], ""))
        #expect(!matches([], "order.paid"))
    }

    @Test("nobody hears itself, there is one line a pair, and every service but the gateway is heard by it")
    func shape() {
        var pairs: Set<String> = []
        for line in EventRouting.table {
            #expect(line.publisher != line.subscriber)
            #expect(!line.patterns.isEmpty)
            #expect(pairs.insert("\(line.publisher)>\(line.subscriber)").inserted)
        }
        for service in ServiceName.allCases where service != .gateway {
            #expect(EventRouting.subscriptions(of: service).contains { $0.subscriber == .gateway && $0.matches("anything") })
        }
    }
}
