import Hummingbird
import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// `GET/PUT /v1/contacts/{customer_id}`.
struct ContactsController {
    let house: House

    func add(to router: Router<VefaContext>) {
        router.get("/v1/contacts/:customer_id", use: show)
        router.put("/v1/contacts/:customer_id", use: put)
    }

    @Sendable func show(_ request: Request, context: VefaContext) async throws -> Reply {
        let id = try context.parameter("customer_id")
        guard let json = try await house.read({ db in try Self.json(id, db) }) else { throw Problem.notFound("contact \"\(id)\"") }
        return Reply(.ok, json)
    }

    /// Puts what is named and leaves the rest; `null` clears a field. A consent given here is dated now.
    @Sendable func put(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let id = try input.parameter("customer_id")
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let current = try ContactStore.find(id, change.db)
            var contact = current ?? Contact(customerID: id, createdAt: change.now, updatedAt: change.now)
            Self.read(reader, into: &contact, id: id)
            let consents = Self.readConsents(reader, at: change.now)
            reader.ignore("customer_id", "suppressed", "deleted", "created_at", "updated_at")
            reader.refuseUnknown()
            try issues.throwIfAny()
            try ContactStore.put(contact, change)
            for consent in consents {
                let known = try ConsentStore.find(id, topic: consent.topic, change.db)
                if let said = Consent.said(consent, current: known) { try ConsentStore.keep(said, of: id, change) }
            }
            return Reply(.ok, try Self.json(id, change.db) ?? .null)
        }
    }

    /// `{"customer_id", "email", …, "consents": {…}, "suppressed": bool}`; nil for an unknown customer.
    static func json(_ id: String, _ db: SQLConnection) throws -> JSON? {
        guard let contact = try ContactStore.find(id, db) else { return nil }
        return [
            "customer_id": .string(contact.customerID), "email": .from(contact.email), "phone": .from(contact.phone),
            "first_name": .from(contact.firstName), "last_name": .from(contact.lastName), "locale": .from(contact.locale),
            "timezone": .from(contact.timezone), "consents": ConsentStore.json(try ConsentStore.all(id, db)),
            "suppressed": .bool(try SuppressionStore.isSuppressed(contact.email, db)), "deleted": .bool(contact.deletedAt != nil),
            "created_at": .from(contact.createdAt), "updated_at": .from(contact.updatedAt),
        ]
    }

    private static func read(_ reader: FieldReader, into contact: inout Contact, id: String) {
        if id.utf8.count > CloudEvent.maximumTextLength {
            reader.issues.add(.root / "customer_id", "too_long", "at most \(CloudEvent.maximumTextLength) bytes")
        }
        func text(_ name: String, max: Int, _ target: inout String?) {
            let value = reader.string(name, max: max)
            if reader.has(name) { target = value.flatMap { $0.isEmpty ? nil : $0 } }
        }
        text("email", max: CustomerData.maximumEmail, &contact.email)
        if reader.has("email"), let email = contact.email, !EmailAddress.isDeliverable(email) {
            reader.fail("email", "invalid", "not an address that a mail can be sent to")
        }
        text("phone", max: 64, &contact.phone)
        text("first_name", max: 1_024, &contact.firstName)
        text("last_name", max: 1_024, &contact.lastName)
        text("locale", max: 35, &contact.locale)
        text("timezone", max: 64, &contact.timezone)
    }

    private static func readConsents(_ reader: FieldReader, at now: Timestamp) -> [Consent] {
        guard let topics = reader.reader("consents") else { return [] }
        if topics.object.members.count > 100 { reader.fail("consents", "too_many", "at most 100 topics") }
        return topics.object.members.prefix(100).compactMap { member in
            guard Consent.isTopic(member.name) else {
                topics.fail(member.name, "invalid", "a topic is 1 to 64 of a-z, 0-9, _ and -")
                return nil
            }
            guard let topic = topics.require(member.name, topics.reader(member.name)) else { return nil }
            let state = topic.require("state", topic.choice("state", ConsentState.self))
            let source = topic.string("source", max: 255)
            let text = topic.string("text", max: 4_096)
            topic.ignore("at")
            topic.refuseUnknown()
            return state.map { Consent(topic: member.name, state: $0, source: source, text: text, at: now) }
        }
    }
}
