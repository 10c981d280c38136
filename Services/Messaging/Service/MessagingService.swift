import Hummingbird
import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// Contacts and consent, flows, templates, and the mails that come of them: what each of the five is, on one screen.
public enum MessagingService {
    /// With the transport that the environment names: SMTP where `VEFA_SMTP_URL` is set, else `.eml` files under the data folder.
    public static var definition: ServiceDefinition {
        definition { configuration in
            try makeMailTransport(smtpURL: configuration.smtpURL, folder: configuration.dataFolder + "/mail")
        }
    }

    /// The same with another way for mails to leave, and another desk for their coupons (tests).
    public static func definition(
        transport: @escaping @Sendable (HouseConfiguration) throws -> any MailTransport,
        desk: @escaping @Sendable (House) -> any GrantDesk = { LoyaltyGrantDesk($0.services) }
    ) -> ServiceDefinition {
        let books = FlowBook()
        let sender = MessageSender(transport: transport, desk: desk)
        return ServiceDefinition(
            name: .messaging,
            migrations: MessagingMigrations.all,
            events: events(books),
            timers: timers(books, sender),
            routes: { router, house in
                ContactsController(house: house).add(to: router)
                TemplatesController(house: house).add(to: router)
                FlowsController(house: house, books: books).add(to: router)
                MessagesController(house: house).add(to: router)
                SuppressionsController(house: house).add(to: router)
                let links = MailLinks(house.configuration)
                UnsubscribeController(house: house, links: links).add(to: router)
                TrackingController(house: house, links: links).add(to: router)
            },
            overview: { customerID, _, db in try MessagingOverview.parts(of: customerID, db) },
            background: { house in [MailRoom(sender: sender), MessagingHousekeeping(house: house)] },
            prepare: { house in
                do { try sender.open(house.configuration) } catch { throw HouseConfiguration.Invalid(description: "\(error)") }
                try await Defaults.lay(house)
                try await MessageRecovery.afterStart(house)
            })
    }

    /// In this order: who it is about is known before a flow looks at it.
    private static func events(_ books: FlowBook) -> EventHandlers {
        var events = EventHandlers()
        ContactEvents.add(to: &events)
        ConsentEvents.add(to: &events)
        FlowEvents(books: books).add(to: &events)
        DirectMail.add(to: &events)
        return events
    }

    private static func timers(_ books: FlowBook, _ sender: MessageSender) -> TimerHandlers {
        var timers = TimerHandlers()
        timers.on(RunTimer.kind) { timer, change in try RunTimer.timeUp(timer, books, change) }
        timers.onExternal(MessageStore.timerKind, concurrency: MessageSender.concurrency) { timer, house in
            try await sender.send(timer, house)
        }
        return timers
    }
}
