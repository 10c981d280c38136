import HTTPTypes
import Hummingbird
import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// `GET /u/{token}` asks, `POST /u/{token}` does it: programs that follow every link of a mail must not unsubscribe its reader. The POST is the page's
/// own form as well as a mail provider's one click (RFC 8058).
struct UnsubscribeController {
    private static let bodyLimit = 64 << 10

    let house: House
    let links: MailLinks

    func add(to router: Router<VefaContext>) {
        router.get("/u/:token", use: ask)
        router.post("/u/:token", use: unsubscribe)
    }

    @Sendable func ask(_ request: Request, context: VefaContext) async throws -> Reply {
        let wishes = request.acceptedLanguages
        guard let id = context.parameters.get("token").flatMap(links.unsubscribed) else { return LinkPages.unknown(wishes) }
        let fallbackName = house.configuration.value("VEFA_STORE_NAME")
        let found = try await house.read { db in
            try MessageStore.find(id, db).map { message in
                (
                    locale: try ContactStore.find(message.customerID, db)?.locale, mail: message.locale,
                    store: try SettingsKeeper.current(db).storeName ?? fallbackName
                )
            }
        }
        guard let found else { return LinkPages.unknown(wishes) }
        return LinkPages.ask(store: found.store, wishes: [found.locale] + wishes + [found.mail])
    }

    /// The link is all it takes; what the body says is not looked at, since senders of one click differ in its form.
    @Sendable func unsubscribe(_ request: Request, context: VefaContext) async throws -> Reply {
        let wishes = request.acceptedLanguages
        _ = try await request.bytes(limit: Self.bodyLimit)
        guard let id = context.parameters.get("token").flatMap(links.unsubscribed) else { return LinkPages.unknown(wishes) }
        let locales = try await house.write { change in try Unsubscribing.perform(id, change) }
        guard let locales else { return LinkPages.unknown(wishes) }
        return LinkPages.done(wishes: [locales.contact] + wishes + [locales.mail])
    }
}

enum Unsubscribing {
    /// Denies the message's topic for its customer, and for everybody else who is written to at the address that it went to: the link proves the mailbox,
    /// and behind that is one person. Says `message.unsubscribed` where that changed anything. Nil for a message that is not there.
    static func perform(_ messageID: String, _ change: Change) throws -> (contact: String?, mail: String?)? {
        guard let message = try MessageStore.find(messageID, change.db) else { return nil }
        let topic = message.topic ?? Consent.newsletter
        var people: Set<String> = [message.customerID]
        if let key = EmailKey.make(message.address) { people.formUnion(try ContactStore.ids(emailKey: key, change.db)) }
        var changed = false
        for id in people.sorted() {
            let current = try ConsentStore.find(id, topic: topic, change.db)
            guard current?.state != .denied || current?.source != Consent.unsubscribeLink else { continue }
            if current?.state != .denied { changed = true }
            // A consent may be dated ahead of the clock (events may, by a day); it is no reason not to hear this.
            let at = max(change.now, current?.at ?? change.now)
            try ConsentStore.keep(Consent(topic: topic, state: .denied, source: Consent.unsubscribeLink, at: at), of: id, change)
        }
        if changed {
            try change.emit("message.unsubscribed", subject: message.customerID, data: message.eventData(["topic": .string(topic)]))
        }
        return (try ContactStore.find(message.customerID, change.db)?.locale, message.locale)
    }
}
