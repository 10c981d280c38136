import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// Everything that a message is made of, as the store has it just now.
struct MessageMaterial: Sendable {
    var message: Message
    var contact: Contact?
    /// The event that it is about: the run's newest, or what a direct mail answers.
    var eventType: String
    var eventData: JSON
    var template: (version: Int64, content: TemplateContent)?
    var pointsEarned: [JSON]
    /// The consent that a marketing message needs.
    var hasConsent: Bool
    /// False where the customer does not want to be counted.
    var mayTrack: Bool
    var settings: StoreSettings

    /// Nil when the message is gone, or is not to be tried any more.
    static func gather(_ id: String, _ db: SQLConnection) throws -> MessageMaterial? {
        guard let message = try MessageStore.find(id, db), message.state.isOpen else { return nil }
        let run = try message.runID.flatMap { try RunStore.find($0, db) }
        return MessageMaterial(
            message: message, contact: try ContactStore.find(message.customerID, db),
            eventType: run?.eventType ?? message.content?["type"]?.string ?? "",
            eventData: run?.eventData ?? message.content?["data"] ?? .object(JSONObject()), template: try template(of: message, db),
            pointsEarned: try pointsEarned(message, run, db),
            hasConsent: try ConsentStore.allows(message, db),
            mayTrack: try ConsentStore.find(message.customerID, topic: Consent.tracking, db)?.state != .denied,
            settings: try SettingsKeeper.current(db))
    }

    /// The version it was first made of, or the present one.
    private static func template(of message: Message, _ db: SQLConnection) throws -> (version: Int64, content: TemplateContent)? {
        if let version = message.templateVersion {
            return try TemplateStore.content(message.templateID, version: version, db).map { (version, $0) }
        }
        return try TemplateStore.find(message.templateID, db).map { ($0.version, $0.content) }
    }

    /// All that the order earned, as far as it is remembered; else what the run itself heard.
    private static func pointsEarned(_ message: Message, _ run: Run?, _ db: SQLConnection) throws -> [JSON] {
        guard let orderID = message.orderID else { return [] }
        let remembered = try RecentEvents.all("points.earned", matching: "order_id=\(orderID)", db)
        guard remembered.isEmpty else { return remembered }
        return run?.context.object?.members.filter { $0.name != "event" && $0.value["points"]?.int != nil }.map(\.value) ?? []
    }
}

/// Makes a mail of a message.
struct MessageComposer: Sendable {
    /// The environment's.
    let settings: MailSettings
    let renderer: TemplateRenderer
    let links: MailLinks

    enum Result: Sendable {
        /// The message as it is to be noted before the attempt, and the mail.
        case ready(Message, OutgoingMail)
        /// There is nothing to send, and no later try would change that.
        case not(MessageState, MessageReason)
    }

    func compose(_ material: MessageMaterial, now: Timestamp) -> Result {
        let settings = settings.merging(material.settings).settings
        var message = material.message
        if material.contact?.deletedAt != nil { return .not(.suppressed, .customerDeleted) }
        guard material.hasConsent else { return .not(.suppressed, .noConsent) }
        if let end = material.message.content?["expires_at"]?.string.flatMap(Timestamp.init(rfc3339:)), now >= end {
            return .not(.suppressed, .expired)
        }
        // What the event itself says of its customer stands in where no contact was noted.
        var described = CustomerData()
        if case .object(let object)? = material.eventData["customer"] {
            described = CustomerData(FieldReader(object, issues: FieldIssues(), strict: false))
        }
        guard let address = material.contact?.email ?? described.email ?? material.message.content?["email"]?.string else {
            return .not(.suppressed, .noAddress)
        }
        guard let template = material.template,
            let (locale, parts) = template.content.parts(for: [
                material.contact?.locale, described.locale, material.message.preferredLocale,
            ])
        else {
            return .not(.failed, .templateMissing)
        }
        let names = material.contact?.names ?? CustomerNames(firstName: described.firstName, lastName: described.lastName)
        let recipient: Mailbox
        do {
            recipient = try Mailbox(name: names.full.map { HeaderText.oneLine($0, max: 100) }, address: Self.trimmed(address))
        } catch {
            return .not(.suppressed, .invalidAddress)
        }
        do {
            let compiled = try renderer.template(message.templateID, version: template.version, locale: locale, parts: parts)
            let isMarketing = message.messageClass == .marketing
            let unsubscribe = links.unsubscribe(message.id)
            var object = data(material, store: settings.store, names: names, locale: locale)
            object["unsubscribe_url"] = isMarketing ? .string(unsubscribe) : .null
            var rendered = compiled.render(.object(object))
            if isMarketing {
                rendered = MarketingMail.complete(rendered, unsubscribe: unsubscribe, address: settings.store.address, locale: locale)
                if links.tracks, material.mayTrack { rendered = MarketingMail.track(rendered, message.id, links) }
            }
            message.locale = locale
            message.templateVersion = template.version
            message.address = recipient.address
            message.subject = rendered.subject
            message.mailID = message.mailID ?? "\(message.id)@\(settings.messageIDDomain)"
            let mail = try OutgoingMail(
                messageID: message.mailID ?? "", from: settings.from, to: recipient, replyTo: settings.replyTo, subject: rendered.subject,
                text: rendered.text, html: rendered.html, date: message.createdAt.milliseconds,
                headers: isMarketing ? MarketingMail.headers(unsubscribe: unsubscribe) : [])
            return .ready(message, mail)
        } catch {
            return .not(.failed, .templateBroken)
        }
    }

    private func data(_ material: MessageMaterial, store: StoreIdentity, names: CustomerNames, locale: String) -> JSONObject {
        let message = material.message
        let reader = FieldReader(material.eventData.object ?? JSONObject(), issues: FieldIssues(), strict: false)
        var object: JSONObject
        if message.orderID != nil {
            let mail = OrderMail(
                store: store, locale: locale, customer: names, order: OrderData(reader), pointsEarned: material.pointsEarned)
            object = mail.data.object ?? JSONObject()
        } else {
            object = JSONObject()
            object["store"] = store.json
            object["locale"] = .string(locale)
            object["customer"] = names.json
        }
        var currency = material.eventData["currency"]?.string.flatMap(Currency.init)
        if material.eventType.hasPrefix("cart.") || material.eventType.hasPrefix("checkout.") {
            let cart = CartData(reader)
            currency = cart.currency
            object["cart"] = CartMail.data(cart, store: store, locale: locale)
        }
        object["coupon"] =
            message.coupon.flatMap { offer in
                message.couponCode.map {
                    CouponMail.data(offer, code: $0, endsAt: message.couponEndsAt, locale: locale, currency: currency)
                }
            } ?? .null
        if let direct = DirectMail.of(material.eventType), message.content != nil {
            object[direct.variable] = direct.data(material.eventData, locale)
        }
        object["event"] = material.eventData
        return object
    }

    private static func trimmed(_ address: String) -> String {
        String(address.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
