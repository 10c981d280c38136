import Crypto
import FoundationEssentials
import Shared

/// One webhook delivery on its way to becoming events.
struct StoreDelivery {
    /// The connector's name: the prefix of raw types.
    let connector: String
    let source: String
    let topic: String
    let id: String
    let body: JSON
    let receivedAt: Timestamp

    /// An event of this delivery. `id` nil: the delivery's own, which at most one event of a delivery may bear.
    func event(_ type: String, id: String? = nil, subject: String? = nil, data: JSON, order: KnownOrder? = nil) -> TranslatedEvent {
        make(type, id: id ?? self.id, subject: subject, data: data, isRaw: false, order: order)
    }

    /// The delivery as it came, under its topic: `orders/edited` → `shopify.orders.edited`.
    func raw(suffix: String = "") -> TranslatedEvent {
        // A body that is no object is wrapped: an event's data is an object.
        let data: JSON = body.object == nil ? ["body": body] : body
        return make(rawType, id: id + suffix, subject: customerInBody, data: data, isRaw: true, order: nil)
    }

    /// The topic as an event type of the connector's own family.
    var rawType: String {
        let words = topic.lowercased().utf8.prefix(200).map { byte -> UInt8 in
            switch byte {
            case 0x61...0x7A, 0x30...0x39, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): byte
            case UInt8(ascii: "/"): UInt8(ascii: ".")
            default: UInt8(ascii: "_")
            }
        }
        return "\(connector).\(words.isEmpty ? "unknown" : String(decoding: words, as: UTF8.self))"
    }

    /// The events when they pass the catalogue's check, else the delivery raw. `also` are events that may fail by themselves (an order's
    /// refunds): those that do are left out, and the delivery is kept raw beside the rest so that nothing is lost.
    func checked(_ events: [TranslatedEvent], also: [TranslatedEvent] = [], incomplete: Bool = false) -> [TranslatedEvent] {
        guard !events.isEmpty || !also.isEmpty, events.allSatisfy(Self.isSound) else { return [raw()] }
        let soundOnes = also.filter(Self.isSound)
        let kept = events + soundOnes
        if kept.isEmpty { return [raw()] }
        return incomplete || soundOnes.count < also.count ? kept + [raw(suffix: "#raw")] : kept
    }

    private static func isSound(_ translated: TranslatedEvent) -> Bool {
        let issues = FieldIssues()
        let event = translated.event
        guard let data = event.data.object, (event.subject?.utf8.count ?? 0) <= CloudEvent.maximumTextLength else { return false }
        EventCatalogue.check(event.type, FieldReader(data, at: .root / "data", issues: issues, strict: false))
        return issues.isEmpty
    }

    private func make(
        _ type: String, id: String, subject: String?, data: JSON, isRaw: Bool, order: KnownOrder?
    ) -> TranslatedEvent {
        TranslatedEvent(
            event: CloudEvent(id: DeliveryID.bounded(id), source: source, type: type, time: receivedAt, subject: subject, data: data),
            isRaw: isRaw, order: order)
    }

    /// The registered customer a raw body names, so that flows on raw events find the person and do not take them for a guest.
    private var customerInBody: String? {
        guard let fields = StoreFields(body) else { return nil }
        return fields.child("customer")?.id("id") ?? fields.id("customer_id")
    }
}

/// Ids of deliveries and of what is made from them.
enum DeliveryID {
    /// The store's delivery id; where it sent none, a digest of topic and body, so that a redelivery is still known again.
    static func make(header: String?, topic: String, body: some DataProtocol) -> String {
        if let header, !header.isEmpty, header.utf8.count <= 200, header.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) { return header }
        var hash = SHA256()
        hash.update(data: Array(topic.utf8) + [0])
        hash.update(data: body)
        return "sha256-" + hexadecimal(hash.finalize())
    }

    /// The id itself, or its digest where it is longer than an event's id may be.
    static func bounded(_ id: String) -> String {
        id.utf8.count <= CloudEvent.maximumTextLength ? id : "sha256-" + hexadecimal(SHA256.hash(data: Array(id.utf8)))
    }

    private static func hexadecimal(_ digest: SHA256.Digest) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
