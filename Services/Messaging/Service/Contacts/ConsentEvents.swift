import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// Consent follows what the store and the newsletter's forms say.
enum ConsentEvents {
    static func add(to events: inout EventHandlers) {
        events.on("customer.created", "customer.updated", "order.*", "cart.*", "checkout.*", "subscription.*", perform: storeSaid)
        events.on("newsletter.subscribed", "newsletter.unsubscribed", perform: customerSaid)
    }

    private static func storeSaid(_ event: CloudEvent, _ change: Change) throws {
        guard let accepts = event.data["customer"]?["accepts_marketing"]?.bool, let id = event.person else { return }
        let contact = try ContactStore.find(id, change.db)
        guard contact?.deletedAt == nil else { return }
        let current = try ConsentStore.find(id, topic: Consent.newsletter, change.db)
        if current == nil, accepts, try isRefused(at: event.customerEmail ?? contact?.email, change.db) { return }
        if let consent = Consent.fromStore(acceptsMarketing: accepts, at: event.time, current: current) {
            try ConsentStore.keep(consent, of: id, change)
        }
    }

    /// Whether somebody who is written to at the address has refused the newsletter themselves: a guest who has unsubscribed and then opens an account
    /// is the same reader, and the store's box does not overrule them.
    private static func isRefused(at address: String?, _ db: SQLConnection) throws -> Bool {
        guard let key = EmailKey.make(address) else { return false }
        return try ContactStore.ids(emailKey: key, db).contains { id in
            try ConsentStore.find(id, topic: Consent.newsletter, db).map { $0.state == .denied && $0.isOwnWord } ?? false
        }
    }

    /// A form knows an address, not a customer: what is said there holds for everybody who is written to at it.
    private static func customerSaid(_ event: CloudEvent, _ change: Change) throws {
        var people: Set<String> = []
        if let id = event.customerID { people.insert(id) }
        if let key = EmailKey.make(event.customerEmail) { people.formUnion(try ContactStore.ids(emailKey: key, change.db)) }
        if people.isEmpty, let guest = event.person { people.insert(guest) }
        let topics = (event.data["topics"]?.array ?? []).compactMap(\.string).filter(Consent.isTopic)
        for id in people.sorted() {
            for topic in topics.isEmpty ? [Consent.newsletter] : topics {
                let said = Consent(
                    topic: topic, state: event.type == "newsletter.subscribed" ? .granted : .denied,
                    source: event.data["source"]?.string ?? event.type,
                    text: event.data["text"]?.string, at: event.time)
                let current = try ConsentStore.find(id, topic: topic, change.db)
                if let consent = Consent.said(said, current: current) { try ConsentStore.keep(consent, of: id, change) }
            }
        }
    }
}
