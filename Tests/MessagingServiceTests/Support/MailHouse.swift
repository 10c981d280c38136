import Shared
import SharedRuntime
import SharedTesting
import Synchronization
import Testing

@testable import MessagingService

/// A transport that keeps what it is handed and answers as it was told to: one scripted answer a mail, then `accepted`.
final class ScriptedTransport: MailTransport {
    private let state = Mutex<(mails: [OutgoingMail], script: [DeliveryResult])>(([], []))

    var mails: [OutgoingMail] { state.withLock { $0.mails } }

    func script(_ results: DeliveryResult...) { state.withLock { $0.script += results } }

    func deliver(_ mail: OutgoingMail) async -> DeliveryResult {
        state.withLock { state in
            state.mails.append(mail)
            return state.script.isEmpty ? .accepted(response: "250 2.0.0 Ok") : state.script.removeFirst()
        }
    }

    func shutdown() async {}
}

/// messaging-svc on a temporary store, with mails that stay here.
struct MailHouse: Sendable {
    let test: TestHouse
    let transport: ScriptedTransport

    static func start(
        transport: ScriptedTransport = ScriptedTransport(), after earlier: MailHouse? = nil,
        environment: [String: String] = ["VEFA_STORE_NAME": "Çarşı"], desk: any GrantDesk = ScriptedDesk()
    ) async throws -> MailHouse {
        let test = try await TestHouse.start(
            MessagingService.definition(transport: { _ in transport }, desk: { _ in desk }),
            at: earlier?.test.house.now ?? TestHouse.startOfTime,
            environment: environment,
            folder: earlier?.test.folder)
        return MailHouse(test: test, transport: transport)
    }

    /// Runs `body` with a fresh house and closes it whatever happens.
    static func with(environment: [String: String] = ["VEFA_STORE_NAME": "Çarşı"], _ body: (MailHouse) async throws -> Void) async throws {
        let house = try await start(environment: environment)
        do { try await body(house) } catch {
            await house.test.stop()
            throw error
        }
        await house.test.stop()
    }

    var now: Timestamp { test.house.now }
    var mails: [OutgoingMail] { transport.mails }

    /// Delivers events and runs what is due at once.
    func hear(_ events: CloudEvent..., from publisher: ServiceName = .gateway) async throws {
        try await test.deliver(events, from: publisher)
        try await test.runDueTimers()
    }

    func messages(of customer: String) async throws -> [JSON] {
        try await test.get("/v1/messages?customer=\(customer)").json["data"]?.array ?? []
    }

    func decisions(of customer: String) async throws -> [String] {
        try await test.house.read { db in
            try db.all("SELECT code FROM flow_decisions WHERE customer_id = \(customer) ORDER BY code") { $0.text(0) }
        }
    }
}

/// Events as the gateway and loyalty-svc send them.
enum Events {
    static func customer(_ id: String?, email: String? = "ayse@example.com", _ more: KeyValuePairs<String, JSON> = [:]) -> JSON {
        var object = JSONObject([.init(name: "id", value: .from(id)), .init(name: "email", value: .from(email))])
        for (name, value) in more { object[name] = value }
        return .object(object)
    }

    static func order(
        _ type: String, _ orderID: String, at time: Timestamp, id: String? = nil, customer: JSON = customer("c1", ["first_name": "Ayşe"]),
        itemName: String = "Çay bardağı"
    ) -> CloudEvent {
        CloudEvent(
            id: id ?? "\(type)-\(orderID)", source: "shop", type: type, time: time,
            data: [
                "order_id": .string(orderID), "currency": "TRY", "subtotal": 123_456, "discount_total": 0, "total": 128_456,
                "shipping_total": 5_000,
                "customer": customer, "items": [["line_id": "1", "name": .string(itemName), "quantity": 2, "unit_price": 61_728]],
            ])
    }

    static func points(
        _ orderID: String, _ points: Int64, balance: Int64, at time: Timestamp, customer: String = "c1", id: String? = nil
    ) -> CloudEvent {
        CloudEvent(
            id: id ?? "points-\(orderID)", source: "vefa/loyalty", type: "points.earned", time: time, subject: customer,
            data: ["customer_id": .string(customer), "order_id": .string(orderID), "points": .int(points), "balance": .int(balance)])
    }

    static func event(_ type: String, at time: Timestamp, id: String, _ data: JSON) -> CloudEvent {
        CloudEvent(id: id, source: "shop", type: type, time: time, data: data)
    }
}
