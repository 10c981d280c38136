import MessagingDomain
import Shared
import SharedRuntime
import SharedStore
import Synchronization

/// Sends messages, one at a call: compose, write down that the attempt begins, hand over, write down what came of it. Whatever is cut off
/// between the two writes is found as `sending` and treated as unknown.
final class MessageSender: Sendable {
    /// How many mails are on their way at once.
    static let concurrency = 32

    private struct Office: Sendable {
        let transport: any MailTransport
        let composer: MessageComposer
    }

    private let makeTransport: @Sendable (HouseConfiguration) throws -> any MailTransport
    private let renderer = TemplateRenderer()
    private let office = Mutex<Office?>(nil)
    private let inHand = Mutex<Set<String>>([])

    init(transport: @escaping @Sendable (HouseConfiguration) throws -> any MailTransport) {
        makeTransport = transport
    }

    /// Reads the settings and makes the transport; throws what is wrong with them.
    func open(_ configuration: HouseConfiguration) throws {
        let settings = try MailSettings(configuration)
        let transport = try makeTransport(configuration)
        office.withLock { $0 = Office(transport: transport, composer: MessageComposer(settings: settings, renderer: renderer)) }
    }

    func close() async {
        await office.withLock { $0 }?.transport.shutdown()
    }

    /// Tries once to send a message. Returns when its new state is on disk, its next attempt scheduled where there is to be one.
    func send(_ id: String, _ house: House) async throws {
        // A mail server may take longer than the timer's lease lasts; the second call leaves the message to the first.
        guard inHand.withLock({ $0.insert(id).inserted }) else { return }
        defer { inHand.withLock { _ = $0.remove(id) } }
        guard let office = office.withLock({ $0 }) else { throw Problem.unavailable("Mail is not set up yet.") }
        guard let material = try await house.read({ db in try MessageMaterial.gather(id, db) }) else { return }
        switch office.composer.compose(material) {
        case .not(let state, let reason):
            try await house.write { change in
                try MessageAttempt.closeInterrupted(material.message, change)
                try MessageStore.settle(id, state, reason: reason, change)
            }
            count(state, house)
        case .ready(let draft, let mail):
            guard let message = try await house.write({ change in try MessageAttempt.begin(draft, change) }) else { return }
            let result = await office.transport.deliver(mail)
            let chance = Double.random(in: 0..<1)
            let state = try await persistently(house) { change in try MessageAttempt.end(message, result, chance: chance, change) }
            count(state, house)
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
