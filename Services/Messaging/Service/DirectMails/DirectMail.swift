import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// Mails that another of the five asks for: an event, a template, no flow between. One row each in ``all``.
struct DirectMail: Sendable {
    /// The event that asks for it, and who alone may say it.
    let event: String
    let publisher: ServiceName
    let template: String
    let messageClass: MessageClass
    /// The member of the data that names the mail: one mail for each of its values, however often it is asked for.
    let key: String
    /// What its business keys begin with.
    let keyPrefix: String
    /// The template's variable, and what it holds.
    let variable: String
    let data: @Sendable (JSON, _ locale: String) -> JSON

    static let all: [DirectMail] = [
        DirectMail(
            event: "survey.invited", publisher: .survey, template: SurveyInvitationTemplate.id, messageClass: .marketing,
            key: "invitation_id",
            keyPrefix: "survey:", variable: "survey", data: SurveyInvitationTemplate.data)
    ]

    static func of(_ type: String) -> DirectMail? { all.first { $0.event == type } }

    static func add(to events: inout EventHandlers) {
        for mail in all { events.on(mail.event) { event, change in try mail.hear(event, change) } }
    }

    /// The message is a row like any other: consent, suppression and address are looked at when it goes, and show on it. `expires_at` past: it does not
    /// go. An old event writes to nobody.
    private func hear(_ event: CloudEvent, _ change: Change) throws {
        guard event.source == "vefa/\(publisher.rawValue)" else { return }
        guard !event.isStale(now: change.now), let person = event.person, let key = FieldPath.key(key, in: event.data) else { return }
        let content: JSON = [
            "type": .string(event.type), "data": event.data, "email": event.data["email"] ?? .null,
            "expires_at": event.data["expires_at"] ?? .null,
        ]
        try MessageStore.queue(
            NewMessage(
                businessKey: keyPrefix + key, customerID: person, messageClass: messageClass, templateID: template, content: content,
                orderID: nil), change)
    }
}
