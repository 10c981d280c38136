import MessagingDomain
import Shared

/// One mail to one customer, from the moment it is decided on.
struct Message: Sendable {
    var id: String
    var customerID: String
    var messageClass: MessageClass
    var templateID: String
    /// The version it is made of; nil until the first attempt.
    var templateVersion: Int64?
    var locale: String?
    var flowID: String?
    var runID: String?
    var nodeID: String?
    var orderID: String?
    var state: MessageState
    var reason: String?
    var address: String?
    var subject: String?
    /// The Message-ID, the same at every attempt, so that a receiver can drop the second of two.
    var mailID: String?
    var attempts: Int64
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var nextAttemptAt: Timestamp?
    var sentAt: Timestamp?
    var lastResponse: String?
    /// What unsubscribing by it is about; nil for transactional mail.
    var topic: String?
    /// The language it is in where the contact has none.
    var preferredLocale: String?
    /// The coupon it brings, and what loyalty gave for it.
    var coupon: CouponOffer?
    var couponCode: String?
    var couponEndsAt: Timestamp?
    /// What a mail without a run is about: the data of the event that it answers, with its type.
    var content: JSON?
    /// The first time that somebody who was not plainly a machine did so.
    var openedAt: Timestamp?
    var clickedAt: Timestamp?

    var json: JSON {
        [
            "id": .string(id), "customer_id": .string(customerID), "channel": "email", "class": .string(messageClass.rawValue),
            "state": .string(state.rawValue), "reason": .from(reason), "to": .from(address), "subject": .from(subject),
            "locale": .from(locale),
            "template_id": .string(templateID), "template_version": .from(templateVersion), "flow_id": .from(flowID),
            "run_id": .from(runID),
            "node_id": .from(nodeID), "order_id": .from(orderID), "message_id_header": .from(mailID), "attempts": .int(attempts),
            "next_attempt_at": .from(nextAttemptAt), "last_response": .from(lastResponse), "created_at": .from(createdAt),
            "updated_at": .from(updatedAt), "sent_at": .from(sentAt), "topic": .from(topic), "coupon_code": .from(couponCode),
            "opened_at": .from(openedAt), "clicked_at": .from(clickedAt),
        ]
    }

    /// What outbound events say of it. Not the address: whoever needs it has the customer.
    func eventData(_ more: KeyValuePairs<String, JSON> = [:]) -> JSON {
        var object = JSONObject([
            .init(name: "message_id", value: .string(id)), .init(name: "customer_id", value: .string(customerID)),
            .init(name: "channel", value: "email"), .init(name: "class", value: .string(messageClass.rawValue)),
            .init(name: "template", value: .string(templateID)), .init(name: "flow", value: .from(flowID)),
            .init(name: "order_id", value: .from(orderID)),
        ])
        for (name, value) in more { object[name] = value }
        return .object(object)
    }
}

/// A message to be queued. `businessKey` names the effect (run and node): a second one with the same key is the same message.
struct NewMessage: Sendable {
    var businessKey: String
    var customerID: String
    var messageClass: MessageClass
    var templateID: String
    var preferredLocale: String?
    var coupon: CouponOffer?
    var content: JSON?
    var flowID: String?
    var runID: String?
    var nodeID: String?
    var orderID: String?

    /// One topic governs all marketing mail.
    var topic: String? { messageClass == .marketing ? Consent.newsletter : nil }
}
