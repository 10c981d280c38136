import MessagingDomain
import Shared
import SharedRuntime
import SharedStore
import Synchronization

/// Sends messages, one at a call: compose, write down that the attempt begins, hand over, write down what came of it. Whatever is cut off
/// between the two writes is found as `sending` by whoever takes up the timer next, and treated as unknown.
///
/// Of several replicas the one that holds a message's timer sends it. One that stood still for longer than a lease lasts (``Change/holds(_:)``)
/// begins nothing any more; if it stood still in the middle of an attempt, that attempt is to the others one that was cut off.
final class MessageSender: Sendable {
    /// How many mails are on their way at once.
    static let concurrency = 32

    private struct Office: Sendable {
        let transport: any MailTransport
        let composer: MessageComposer
        let settings: MailSettings
    }

    private let makeTransport: @Sendable (HouseConfiguration) throws -> any MailTransport
    private let renderer = TemplateRenderer()
    private let office = Mutex<Office?>(nil)
    private let makeDesk: @Sendable (House) -> any GrantDesk
    /// Settings that were complained about: once each is enough.
    private let complained = Mutex<Set<String>>([])

    init(
        transport: @escaping @Sendable (HouseConfiguration) throws -> any MailTransport,
        desk: @escaping @Sendable (House) -> any GrantDesk = { LoyaltyGrantDesk($0.services) }
    ) {
        makeTransport = transport
        makeDesk = desk
    }

    /// Reads the settings and makes the transport; throws what is wrong with them.
    func open(_ configuration: HouseConfiguration) throws {
        let settings = try MailSettings(configuration)
        let transport = try makeTransport(configuration)
        let composer = MessageComposer(settings: settings, renderer: renderer, links: MailLinks(configuration))
        office.withLock { $0 = Office(transport: transport, composer: composer, settings: settings) }
    }

    func close() async {
        await office.withLock { $0 }?.transport.shutdown()
    }

    /// Tries once to send the message that the timer names. Returns when its new state is on disk, its next attempt scheduled where there is to be
    /// one. Throws where somebody else holds the timer by now.
    func send(_ timer: DueTimer, _ house: House) async throws {
        let id = timer.key
        guard let office = office.withLock({ $0 }) else { throw Problem.unavailable("Mail is not set up yet.") }
        guard var material = try await house.read({ db in try MessageMaterial.gather(id, db) }) else { return }
        complain(of: office.settings.merging(material.settings).unusable, material.settings, house)
        if material.message.coupon != nil, material.message.couponCode == nil {
            guard let message = try await withCoupon(material, office.composer, timer, house) else { return }
            material.message = message
        }
        switch office.composer.compose(material, now: house.now) {
        case .not(let state, let reason):
            let isSettled = try await house.write { change in try MessageAttempt.giveUp(timer, state, reason, change) }
            if isSettled { count(state, house) }
        case .ready(let draft, let mail):
            guard let message = try await house.write({ change in try MessageAttempt.begin(draft, timer, change) }) else { return }
            let result = await office.transport.deliver(mail)
            let chance = Double.random(in: 0..<1)
            if let state = try await persistently(house, { change in try MessageAttempt.end(message, result, chance: chance, change) }) {
                count(state, house)
            }
        }
    }

    /// The message with a coupon of its own from loyalty, asked for only when nothing else keeps the mail from going. Nil where it was settled
    /// without. Throws where loyalty cannot be asked: the timer comes back, and the key makes asking again safe.
    private func withCoupon(
        _ material: MessageMaterial, _ composer: MessageComposer, _ timer: DueTimer, _ house: House
    ) async throws -> Message? {
        var message = material.message
        guard let offer = message.coupon else { return message }
        // An address that is suppressed, a contact without consent: whatever would stop the mail stops the coupon too.
        guard case .ready(let draft, _) = composer.compose(material, now: house.now),
            try await !house.read({ db in try SuppressionStore.isSuppressed(draft.address, db) })
        else { return message }
        let id = message.id
        let endsAt = try await house.write { change in try MessageStore.couponEnd(id, offer, change) }
        let currency = material.eventData["currency"]?.string.flatMap(Currency.init)
        let grant = Grant(
            key: "message:\(id)", customerID: message.customerID, email: draft.address, reward: .discount(offer.discount(in: currency)),
            reason: "flow",
            name: message.flowID.map { "flow \($0)" } ?? "message \(message.templateID)",
            terms: CouponTerms(minimumOrder: offer.minimumOrder, endsAt: endsAt),
            origin: JSONObject([
                .init(name: "message_id", value: .string(id)), .init(name: "flow_id", value: .from(message.flowID)),
                .init(name: "run_id", value: .from(message.runID)),
            ]))
        let outcome: GrantOutcome
        do {
            outcome = try await makeDesk(house).give(grant)
        } catch {
            let hasExpired = house.now >= message.createdAt.adding(milliseconds: RetrySchedule.lifetimeMilliseconds)
            let response = "waiting for its coupon: \(error)"
            try await house.write { change in
                try MessageStore.noteResponse(id, HeaderText.oneLine(response, max: 500), change)
                if hasExpired { _ = try MessageAttempt.giveUp(timer, .failed, .expired, change) }
            }
            if hasExpired { return nil }
            throw error
        }
        guard outcome.state == .issued, let code = outcome.couponCode else {
            let response = "no coupon: \(outcome.state.rawValue) \(outcome.code ?? "")"
            let isSettled = try await house.write { change in
                try MessageAttempt.giveUp(timer, .failed, .couponRefused, response: HeaderText.oneLine(response, max: 500), change)
            }
            if isSettled { count(.failed, house) }
            return nil
        }
        try await house.write { change in try MessageStore.keepCoupon(id, code: code, change) }
        message.couponCode = code
        message.couponEndsAt = endsAt
        return message
    }

    /// A sender that cannot be used must not stop the mails; whoever runs the house hears of it.
    private func complain(of fields: [String], _ settings: StoreSettings, _ house: House) {
        for field in fields where complained.withLock({ $0.insert("\(field) \(settings.sender ?? "") \(settings.replyTo ?? "")").inserted })
        {
            house.logger.warning(
                "a setting of the shop cannot be used in mails; the environment's is", metadata: ["setting": "\(field)"])
        }
    }

    /// What came of an attempt must not be lost to a store that is out for a moment: the mail may be gone already.
    private func persistently<T: Sendable>(_ house: House, _ body: @escaping @Sendable (Change) throws -> T) async throws -> T {
        var tries = 0
        while true {
            do {
                return try await house.write(body)
            } catch let error as StoreError where error.isOutage && tries < 8 {
                tries += 1
                try await Task.sleep(for: .milliseconds(50 << tries))
            }
        }
    }

    private func count(_ state: MessageState, _ house: House) {
        house.metrics.counter("vefa_mails_total", help: "Attempts at mails, by the state they ended in.", labels: ["state": state.rawValue])
            .increment()
    }
}
