import MessagingDomain
import Shared
import SharedRuntime
import SharedTesting
import Synchronization
import Testing

@testable import MessagingService

/// loyalty-svc's desk, as far as a mail needs it.
final class ScriptedDesk: GrantDesk {
    private let state = Mutex<(grants: [Grant], outages: Int, refuses: Bool)>(([], 0, false))
    private let meanwhile = Mutex<(@Sendable () async throws -> Void)?>(nil)

    /// Every call, the ones in vain too.
    var grants: [Grant] { state.withLock { $0.grants } }

    func fail(_ times: Int) { state.withLock { $0.outages = times } }
    func refuse() { state.withLock { $0.refuses = true } }
    /// What happens while the desk takes its time, once.
    func meanwhile(_ body: @escaping @Sendable () async throws -> Void) { meanwhile.withLock { $0 = body } }

    func give(_ grant: Grant) async throws -> GrantOutcome {
        let (isDown, refuses) = state.withLock { state in
            state.grants.append(grant)
            state.outages -= 1
            return (state.outages >= 0, state.refuses)
        }
        let meanwhile = meanwhile.withLock { body in
            defer { body = nil }
            return body
        }
        try await meanwhile?()
        if isDown { throw ServiceCallError(service: .loyalty, reason: .unreachable) }
        if refuses { return GrantOutcome(key: grant.key, state: .refused, reason: grant.reason, code: "customer_deleted") }
        return GrantOutcome(key: grant.key, state: .issued, reason: grant.reason, couponCode: "A7K9M2QX")
    }
}

@Suite("An abandoned cart brings a reminder and then the best offer")
struct AbandonedCartTests {
    static let recovery = "https://shop.example/cart/1?token=a&b=c"

    static func cart(
        _ id: String = "cart-1", at time: Timestamp, event: String? = nil, type: String = "cart.updated",
        items: [(String, Int64, Int64)] = [("Çay", 2, 12_450)],
        customer: JSON = Events.customer("c1", ["first_name": "Ayşe"])
    ) -> CloudEvent {
        let total = items.reduce(0) { $0 + $1.1 * $1.2 }
        return CloudEvent(
            id: event ?? "\(type)-\(id)-\(time.milliseconds)", source: "shop", type: type, time: time,
            data: [
                "cart_id": .string(id), "customer": customer, "currency": "TRY", "total": .int(total), "recovery_url": .string(recovery),
                "items": .array(
                    items.map { ["product_id": .string($0.0), "name": .string($0.0), "quantity": .int($0.1), "unit_price": .int($0.2)] }),
            ])
    }

    static func order(cart: String?, at time: Timestamp, id: String = "o1", customer: String = "c1") -> CloudEvent {
        var event = Events.order("order.placed", id, at: time, customer: Events.customer(customer))
        if let cart, case .object(var data) = event.data {
            data["cart_id"] = .string(cart)
            event.data = .object(data)
        }
        return event
    }

    /// A house with the preset published, the order confirmation paused, and a customer who wants to hear from the shop.
    static func with(
        locale: String? = nil, consent: Bool = true, desk: ScriptedDesk = ScriptedDesk(),
        environment: [String: String] = ["VEFA_STORE_NAME": "Çarşı"],
        _ body: (MailHouse, ScriptedDesk, String) async throws -> Void
    ) async throws {
        let house = try await MailHouse.start(environment: environment, desk: desk)
        do {
            try await house.test.post("/v1/flows/order_confirmation/pause").expect(200)
            var request = JSONObject([.init(name: "preset", value: "abandoned_cart")])
            request["locale"] = locale.map(JSON.string)
            let made = try await house.test.post("/v1/flows", .object(request))
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["state"] == "draft")
            let id = made.json["id"]?.string ?? ""
            #expect(id.hasPrefix("flow_"))
            try await house.test.post("/v1/flows/\(id)/publish").expect(200)
            if consent {
                try await house.test.put(
                    "/v1/contacts/c1", ["email": "ayse@example.com", "consents": ["newsletter": ["state": "granted"]]]
                ).expect(200)
            }
            try await body(house, desk, id)
        } catch {
            await house.test.stop()
            throw error
        }
        await house.test.stop()
    }

    @Test("an hour after the cart was left the reminder goes, a day after it the offer with a code of its own")
    func twoMails() async throws {
        try await Self.with { house, desk, flow in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(seconds: 3_599)
            #expect(house.mails.isEmpty)
            try await house.test.advance(seconds: 1)
            let reminder = try #require(house.mails.first)
            #expect(reminder.subject == "You left something in your cart at Çarşı")
            #expect(reminder.text.contains("Çay × 2: ₺249.00"))
            #expect(reminder.text.contains(Self.recovery))
            #expect(reminder.html.contains("₺249.00") && reminder.html.contains("Hello Ayşe,"))
            #expect(desk.grants.isEmpty)
            try await house.test.advance(seconds: 23 * 3_600 - 1)
            #expect(house.mails.count == 1)
            try await house.test.advance(seconds: 1)
            #expect(house.mails.count == 2)
            let offer = try #require(house.mails.last)
            #expect(offer.subject == "10% off for the cart you left")
            #expect(offer.html.contains("A7K9M2QX") && offer.text.contains("A7K9M2QX"))
            #expect(offer.text.contains("until 9 March 2026"))
            #expect(offer.text.contains("Çay × 2"))
            let message = try #require(try await house.messages(of: "c1").first)
            #expect(message["coupon_code"] == "A7K9M2QX" && message["state"] == "sent")
            #expect(desk.grants.map(\.key) == ["message:\(message["id"]?.string ?? "")"])
            let grant = try #require(desk.grants.first)
            #expect(grant.customerID == "c1" && grant.reward == .discount(.percent(basisPoints: 1_000, maximum: nil)))
            // 9 March is over everywhere on earth.
            #expect(grant.terms.endsAt == Timestamp(rfc3339: "2026-03-10T12:00:00Z"))
            try await house.test.advance(days: 30)
            #expect(house.mails.count == 2)
            let run = try await house.test.get("/v1/flows/\(flow)/runs").json["data"]?[0]
            #expect(run?["state"] == "finished" && run?["key"] == "cart-1")
        }
    }

    @Test("in Turkish where the flow says so and the contact says nothing")
    func turkish() async throws {
        try await Self.with(locale: "tr") { house, _, _ in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(days: 1)
            #expect(house.mails.map(\.subject) == ["Sepetinizde sizi bekleyen ürünler var", "Sepetinize özel %10 indirim"])
            #expect(house.mails.last?.text.contains("son gün 9 Mart 2026") == true)
            #expect(house.mails.allSatisfy { $0.text.contains("Toplam: 249,00 ₺") && $0.html.contains("lang=\"tr\"") })
        }
        try await Self.with(locale: "tr") { house, _, _ in
            try await house.hear(Self.cart(at: house.now, customer: Events.customer("c1", ["locale": "en-GB"])))
            try await house.test.advance(seconds: 3_600)
            #expect(house.mails.first?.subject.hasPrefix("You left") == true)
        }
    }

    @Test("an order ends it, by the cart's id or by the customer", arguments: ["cart-1", nil])
    func order(cart: String?) async throws {
        try await Self.with { house, _, flow in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(seconds: 1_800)
            try await house.hear(Self.order(cart: cart, at: house.now))
            try await house.test.advance(days: 3)
            #expect(house.mails.isEmpty)
            let run = try await house.test.get("/v1/flows/\(flow)/runs").json["data"]?[0]
            #expect(run?["state"] == "exited" && run?["reason"] == "order.placed")
        }
    }

    @Test("an order between the two mails stops the second; one of another cart or of before does not")
    func orders() async throws {
        try await Self.with { house, _, _ in
            try await house.hear(Self.cart(at: house.now))
            try await house.hear(Self.order(cart: "cart-2", at: house.now, id: "other"))
            try await house.hear(Self.order(cart: nil, at: house.now.adding(seconds: -60), id: "earlier"))
            try await house.test.advance(seconds: 3_600)
            #expect(house.mails.count == 1)
            try await house.hear(Self.order(cart: "cart-1", at: house.now))
            try await house.test.advance(days: 3)
            #expect(house.mails.count == 1)
        }
    }

    @Test("an order that overtook its cart cancels too", arguments: ["cart-1", nil])
    func overtaken(cart: String?) async throws {
        try await Self.with { house, _, _ in
            let left = house.now
            try await house.test.advance(seconds: 60)
            try await house.hear(Self.order(cart: cart, at: house.now))
            try await house.hear(Self.cart(at: left))
            try await house.test.advance(days: 3)
            #expect(house.mails.isEmpty)
            #expect(try await house.decisions(of: "c1").contains("already_left"))
            // What the customer fills tomorrow is another matter.
            try await house.hear(Self.cart("cart-9", at: house.now))
            try await house.test.advance(seconds: 3_600)
            #expect(house.mails.count == 1)
        }
    }

    @Test("the hour counts from the cart's last change, and the mail shows the cart as it is")
    func changes() async throws {
        try await Self.with { house, _, flow in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(seconds: 3_000)
            try await house.hear(Self.cart(at: house.now, items: [("Bardak", 6, 5_000)]))
            // An older state that arrives late changes nothing.
            try await house.hear(Self.cart(at: house.now.adding(seconds: -1_000), event: "late", items: [("Eski", 1, 100)]))
            try await house.test.advance(seconds: 3_599)
            #expect(house.mails.isEmpty)
            try await house.test.advance(seconds: 1)
            #expect(house.mails.count == 1)
            #expect(house.mails.first?.text.contains("Bardak × 6: ₺300.00") == true)
            #expect(house.mails.first?.text.contains("Çay") == false)
            // After the reminder a change is shown in the offer and delays nothing.
            try await house.test.advance(seconds: 3_600)
            try await house.hear(Self.cart(at: house.now, type: "checkout.started", items: [("Demlik", 1, 90_000)]))
            try await house.test.advance(seconds: 22 * 3_600)
            #expect(house.mails.count == 2)
            #expect(house.mails.last?.text.contains("Demlik × 1: ₺900.00") == true)
            #expect(try await house.test.get("/v1/flows/\(flow)/runs").json["data"]?.array?.count == 1)
        }
    }

    @Test("a cart that is emptied ends the run, and filled again it begins another")
    func emptied() async throws {
        try await Self.with { house, _, flow in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(seconds: 600)
            try await house.hear(Self.cart(at: house.now, items: []))
            // The state before the emptying, heard only now.
            try await house.hear(Self.cart(at: house.now.adding(seconds: -300), event: "late"))
            try await house.test.advance(days: 2)
            #expect(house.mails.isEmpty)
            let runs = try await house.test.get("/v1/flows/\(flow)/runs").json["data"]?.array ?? []
            #expect(runs.map { $0["reason"] } == ["filter"])
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(seconds: 3_600)
            #expect(house.mails.count == 1)
        }
    }

    @Test("checkout.started begins it as well; a cart that is empty, worth nothing, nobody's or old begins nothing")
    func entries() async throws {
        try await Self.with { house, _, flow in
            try await house.hear(Self.cart("empty", at: house.now, items: []))
            try await house.hear(Self.cart("free", at: house.now, items: [("Gift", 1, 0)]))
            try await house.hear(Self.cart("nobody", at: house.now, customer: nil))
            try await house.hear(Self.cart("old", at: house.now.adding(seconds: -72 * 3_600 - 1)))
            try await house.test.advance(days: 2)
            #expect(house.mails.isEmpty)
            #expect(try await house.test.get("/v1/flows/\(flow)/runs").json["data"] == [])
            #expect(try await house.decisions(of: "c1") == ["filter", "filter", "too_old"])
            try await house.hear(Self.cart("checkout", at: house.now, type: "checkout.started"))
            try await house.test.advance(seconds: 3_600)
            #expect(house.mails.count == 1)
        }
    }

    @Test("a fixed amount without a currency is ordered in the currency that the mail names")
    func currencyOfOffer() async throws {
        try await Self.with { house, desk, flow in
            var body = try #require(try await house.test.get("/v1/flows/\(flow)").json.object)
            body["nodes"] = .array(
                (body["nodes"]?.array ?? []).map { node in
                    guard var object = node.object, object["coupon"] != nil, object["coupon"] != .null else { return node }
                    object["coupon"] = ["discount": ["kind": "fixed", "amount": 1_000], "valid_days": 7]
                    return .object(object)
                })
            try await house.test.put("/v1/flows/\(flow)", .object(body)).expect(200)
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(days: 3)
            #expect(desk.grants.map(\.reward) == [.discount(.fixed(amount: 1_000, currency: Currency("TRY")))])
            #expect(house.mails.contains { $0.text.contains("₺10.00 off") })
        }
    }

    @Test("without consent nothing goes and no coupon is made; the messages say why")
    func consent() async throws {
        try await Self.with(consent: false) { house, desk, flow in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(days: 2)
            #expect(house.mails.isEmpty && desk.grants.isEmpty)
            let messages = try await house.test.get("/v1/messages?flow=\(flow)&state=suppressed").json["data"]?.array ?? []
            #expect(messages.map { $0["reason"] } == ["no_consent", "no_consent"])
            #expect(try await house.test.get("/v1/messages?flow=flow_none").json["data"] == [])
        }
    }

    @Test("loyalty out of reach delays the offer and loses nothing; the same key asks again")
    func outage() async throws {
        let desk = ScriptedDesk()
        desk.fail(3)
        try await Self.with(desk: desk) { house, desk, _ in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(days: 1)
            #expect(house.mails.count == 1)
            let waiting = try await house.messages(of: "c1").first
            #expect(waiting?["state"] == "queued" && waiting?["last_response"]?.string?.contains("loyalty") == true)
            try await house.test.advance(seconds: 600)
            #expect(house.mails.count == 2)
            #expect(desk.grants.count == 4 && Set(desk.grants).count == 1)
        }
    }

    @Test("an order that comes while the offer waits for its coupon takes it back")
    func recalled() async throws {
        let desk = ScriptedDesk()
        desk.fail(1_000)
        try await Self.with(desk: desk) { house, desk, _ in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(days: 1)
            try await house.hear(Self.order(cart: "cart-1", at: house.now))
            desk.fail(0)
            try await house.test.advance(days: 2)
            #expect(house.mails.count == 1)
            let message = try await house.messages(of: "c1").first { $0["template_id"] == "abandoned_cart_offer" }
            #expect(message?["state"] == "suppressed" && message?["reason"] == "flow_exited")
        }
    }

    @Test("what is withdrawn while loyalty makes the coupon holds", arguments: ["no_consent", "customer_deleted"])
    func withdrawn(reason: String) async throws {
        try await Self.with { house, desk, _ in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(seconds: 86_399)
            desk.meanwhile {
                if reason == "no_consent" {
                    try await house.test.put("/v1/contacts/c1", ["consents": ["newsletter": ["state": "denied"]]]).expect(200)
                } else {
                    let gone = Events.event("customer.deleted", at: house.now, id: "gone", ["customer": ["id": "c1"]])
                    try await house.test.deliver([gone], from: .gateway)
                }
            }
            try await house.test.advance(seconds: 1)
            #expect(desk.grants.count == 1 && house.mails.count == 1)
            let message = try await house.messages(of: "c1").first
            #expect(message?["state"] == "suppressed" && message?["reason"] == .string(reason))
        }
    }

    @Test(
        "a cart that is emptied while a mail about it waits takes the mail back, one that changes is shown as it is",
        arguments: [true, false])
    func waiting(emptied: Bool) async throws {
        let desk = ScriptedDesk()
        try await Self.with(desk: desk) { house, desk, flow in
            // The reminder, kept waiting by the mail server.
            house.transport.script(.deferred(code: 451, detail: "451 Later"))
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(seconds: 3_600)
            #expect(house.mails.count == 1)
            try await house.hear(Self.cart(at: house.now, items: emptied ? [] : [("Bardak", 1, 700)]))
            try await house.test.advance(seconds: 60)
            #expect(house.mails.count == (emptied ? 1 : 2))
            if !emptied { #expect(house.mails.last?.text.contains("Bardak × 1") == true) }
            // The offer, kept waiting by loyalty, when the run itself is through.
            try await house.hear(Self.cart("cart-2", at: house.now, customer: Events.customer("c1")))
            desk.fail(1_000)
            try await house.test.advance(days: 1)
            try await house.hear(Self.cart("cart-2", at: house.now, items: emptied ? [] : [("Demlik", 1, 90_000)]))
            desk.fail(0)
            let before = house.mails.count
            try await house.test.advance(days: 1)
            let later = house.mails.dropFirst(before)
            #expect(later.contains { $0.text.contains("Demlik × 1") } == !emptied)
            #expect(!later.contains { $0.text.contains("Çay") })
            let runs = try await house.test.get("/v1/flows/\(flow)/runs").json["data"]?.array ?? []
            #expect(runs.count == 2 && runs.first?["state"] == "finished")
        }
    }

    @Test("a cart left as a guest and bought when signed in, or the other way round, is bought", arguments: [true, false], [true, false])
    func sameMailbox(guestCart: Bool, orderFirst: Bool) async throws {
        let signedIn = Events.customer("c1", email: "Ayse@example.com", ["accepts_marketing": true])
        let guest = Events.customer(nil, email: "ayse@example.com", ["accepts_marketing": true])
        try await Self.with { house, _, _ in
            let start = house.now
            let cart = Self.cart(at: start, customer: guestCart ? guest : signedIn)
            let order = Events.order("order.placed", "o1", at: start.adding(seconds: 60), customer: guestCart ? signedIn : guest)
            try await house.hear(orderFirst ? order : cart)
            try await house.hear(orderFirst ? cart : order)
            try await house.test.advance(days: 3)
            #expect(house.mails.isEmpty)
        }
    }

    @Test("the bare cart that a store sends after the checkout takes neither its owner nor the way back")
    func bareCart() async throws {
        try await Self.with { house, _, _ in
            try await house.hear(Self.cart(at: house.now, type: "checkout.started", customer: Events.customer("c1", ["locale": "tr"])))
            var bare = Self.cart(at: house.now.adding(seconds: 1), items: [("Bardak", 6, 5_000)], customer: nil)
            if case .object(var data) = bare.data {
                data["recovery_url"] = .null
                bare.data = .object(data)
            }
            try await house.hear(bare)
            try await house.test.advance(seconds: 3_601)
            #expect(house.mails.first?.text.contains("Bardak × 6") == true)
            #expect(house.mails.first?.text.contains(Self.recovery) == true)
        }
    }

    @Test("three days without loyalty, or a refusal of its, fail the offer for everybody to see", arguments: [true, false])
    func noCoupon(refused: Bool) async throws {
        let desk = ScriptedDesk()
        if refused { desk.refuse() } else { desk.fail(100_000) }
        try await Self.with(desk: desk) { house, _, _ in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(days: 5)
            #expect(house.mails.count == 1)
            let message = try await house.messages(of: "c1").first
            #expect(message?["state"] == "failed" && message?["reason"] == (refused ? "coupon_refused" : "expired"))
        }
    }

    @Test("two mails about one cart in a week are enough; a guest is written to by the address")
    func reentry() async throws {
        try await Self.with { house, _, _ in
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(days: 2)
            #expect(house.mails.count == 2)
            try await house.hear(Self.cart(at: house.now))
            try await house.test.advance(days: 2)
            #expect(house.mails.count == 2)
            let guest = Events.customer(nil, email: "guest@example.com", ["accepts_marketing": true])
            try await house.hear(Self.cart("cart-g", at: house.now, type: "checkout.started", customer: guest))
            try await house.test.advance(seconds: 3_600)
            #expect(house.mails.last?.to.address == "guest@example.com")
        }
    }
}

extension Grant: Hashable {
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
