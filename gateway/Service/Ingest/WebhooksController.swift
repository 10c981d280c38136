import HTTPTypes
import Hummingbird
import NIOCore
import Shared
import SharedRuntime
import SharedStore

/// `POST /v1/connectors/{shopify,woocommerce}/webhooks`: what a store sends, known by its signature over the bytes as they came, translated
/// and journaled in one transaction before the answer.
struct WebhooksController: Sendable {
    static let maximumBody = 10 << 20

    let house: House
    let secrets: ConnectorSecrets
    let guesses: AddressLimiter
    let proxies: TrustedProxies

    func shopify(_ request: Request, _ context: VefaContext) async throws -> Response {
        let address = proxies.client(request, context)
        let bytes = Array(try await request.bytes(limit: Self.maximumBody).readableBytesView)
        let fields = request.headers
        let body = try await read(.shopify, signature: fields[.shopifyHMAC], bytes, address)
        return try await take(
            ShopifyConnector(), topic: fields[.shopifyTopic], delivery: fields[.shopifyWebhookID], shop: fields[.shopifyShop], body, bytes)
    }

    func wooCommerce(_ request: Request, _ context: VefaContext) async throws -> Response {
        let address = proxies.client(request, context)
        let bytes = Array(try await request.bytes(limit: Self.maximumBody).readableBytesView)
        if Self.isPing(request, bytes) { return Reply(.ok, ["accepted": 0, "duplicates": 0, "rejected": []]).response }
        let fields = request.headers
        let body = try await read(.woocommerce, signature: fields[.wooSignature], bytes, address)
        return try await take(
            WooCommerceConnector(), topic: fields[.wooTopic], delivery: fields[.wooDeliveryID], shop: fields[.wooSource], body, bytes)
    }

    /// WooCommerce tries a new webhook with an unsigned form, `webhook_id=7`, and keeps it only if that is answered 200.
    private static func isPing(_ request: Request, _ bytes: [UInt8]) -> Bool {
        guard bytes.count <= 64, bytes.starts(with: "webhook_id=".utf8) else { return false }
        return bytes.dropFirst(11).allSatisfy { (0x30...0x39).contains($0) }
    }

    // MARK: - The signature

    /// The body, once its signature is known to fit: nothing is taken apart before that.
    private func read(_ kind: ConnectorKind, signature: String?, _ bytes: [UInt8], _ address: IPAddress?) async throws -> JSON {
        @Sendable func read() throws -> JSON {
            try check(kind, signature, bytes, address)
            // A store cannot be asked to mend what it sends, and would stop sending: the character goes, not the order.
            do {
                let body = try JSONParser.parse(bytes)
                return bytes.withUnsafeBufferPointer { body.replacingNul(in: $0) }
            } catch {
                throw Problem.malformed("Not JSON: \(error).")
            }
        }
        return bytes.count <= readInPlaceLimit ? try read() : try await offLoop { try read() }
    }

    private func check(_ kind: ConnectorKind, _ signature: String?, _ bytes: [UInt8], _ address: IPAddress?) throws {
        let live = secrets.live(kind, now: VefaClock.machineNow)
        if let signature, WebhookSignature.isValid(secrets: live, body: bytes, header: signature) { return }
        try guesses.count(address)
        if live.isEmpty {
            throw Problem.unauthorized(
                "No webhook secret is set: PUT /v1/connectors/\(kind.rawValue) sets it.", code: "connector_not_configured")
        }
        throw Problem.unauthorized(
            signature == nil ? "The webhook is not signed." : "The signature does not fit the body.", code: "signature_invalid")
    }

    // MARK: - Keeping

    private func take(
        _ connector: some StoreConnector, topic: String?, delivery: String?, shop: String?, _ body: JSON, _ bytes: [UInt8]
    ) async throws -> Response {
        let topic = topic ?? ""
        let deliveryID = DeliveryID.make(header: delivery, topic: topic, body: bytes)
        let source = connector.source(shop: shop)
        let kept = try await house.write { change in
            let orders = ConnectorOrders(source: source, db: change.db)
            let events = connector.translate(
                topic: topic, deliveryID: deliveryID, shop: shop, body: body, receivedAt: change.now, state: try orders.state())
            var kept = Journal.Kept()
            for translated in events {
                if let order = translated.order { try orders.remember(order) }
                let event = translated.event
                let customer = event.person ?? event.data["order_id"]?.string.flatMap(orders.customer)
                if try change.append(event, body: event.json.text, customer: customer) {
                    kept.accepted += 1
                } else {
                    kept.duplicates += 1
                }
            }
            return kept
        }
        var report = IngestReport()
        report.add(kept)
        return Reply(.accepted, report.json).response
    }
}

/// What is remembered of a shop's orders, for the webhooks that say too little.
struct ConnectorOrders {
    let source: String
    let db: SQLConnection

    /// Look-ups that fail read as unknown: a broken store shows at the write that follows.
    func state() throws -> ConnectorState {
        let shop = try db.first("SELECT currency FROM connector_shops WHERE source = \(source)") { $0.text(0) }
        return ConnectorState(currencyOfOrder: currency, customerOfOrder: customer, storeCurrency: shop.flatMap { Currency($0) })
    }

    func currency(of orderID: String) -> Currency? {
        let code = try? db.savepoint {
            try db.first("SELECT currency FROM connector_orders WHERE source = \(source) AND order_id = \(orderID)") { $0.text(0) }
        }
        return code.flatMap { Currency($0) }
    }

    func customer(of orderID: String) -> String? {
        let row = try? db.savepoint {
            try db.first("SELECT customer_id FROM connector_orders WHERE source = \(source) AND order_id = \(orderID)") { $0.textOrNil(0) }
        }
        return row ?? nil
    }

    func remember(_ order: KnownOrder) throws {
        try db.execute(
            """
            INSERT INTO connector_orders (source, order_id, currency, customer_id)
            VALUES (\(source), \(order.orderID), \(order.currency.code), \(order.customerID))
            ON CONFLICT (source, order_id) DO UPDATE SET
                currency = excluded.currency, customer_id = COALESCE(excluded.customer_id, connector_orders.customer_id)
            """)
        try db.execute(
            """
            INSERT INTO connector_shops (source, currency) VALUES (\(source), \(order.currency.code))
            ON CONFLICT (source) DO UPDATE SET currency = excluded.currency
            """)
    }
}
