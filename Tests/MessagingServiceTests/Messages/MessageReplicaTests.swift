import MessagingDomain
import Shared
import SharedRuntime
import SharedTesting
import Synchronization
import Testing

@testable import MessagingService

/// A line on which a mail stands still until it is let go.
private final class StandingTransport: MailTransport {
    private let state = Mutex<(mails: [OutgoingMail], waiting: [CheckedContinuation<Void, Never>], stands: Bool)>(([], [], false))

    init(stands: Bool) { state.withLock { $0.stands = stands } }

    var mails: [OutgoingMail] { state.withLock { $0.mails } }

    func deliver(_ mail: OutgoingMail) async -> DeliveryResult {
        await withCheckedContinuation { continuation in
            let stands = state.withLock { state in
                state.mails.append(mail)
                if state.stands { state.waiting.append(continuation) }
                return state.stands
            }
            if !stands { continuation.resume() }
        }
        return .accepted(response: "250 2.0.0 Ok")
    }

    func letGo() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.stands = false
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func shutdown() async { letGo() }
}

@Suite("Mails stay single over replicas", .serialized, .enabled(if: TestStores.isShared, "an embedded store has no replicas"))
struct MessageReplicaTests {
    /// Replicas whose mails are kept apart; those that `stand` name stand still in the middle of a mail.
    private func with(_ count: Int = 2, standing: Set<Int> = [], _ body: (Replicas, [StandingTransport]) async throws -> Void) async throws
    {
        let lines = (0..<count).map { StandingTransport(stands: standing.contains($0)) }
        try await Replicas.with(
            count, of: { number in MessagingService.definition(transport: { _ in lines[number] }, desk: { _ in ScriptedDesk() }) },
            environment: ["VEFA_STORE_NAME": "Shop"]
        ) { replicas in
            defer { for line in lines { line.letGo() } }
            try await body(replicas, lines)
        }
    }

    private func queue(_ count: Int, _ messageClass: MessageClass, _ replicas: Replicas) async throws {
        _ = try await replicas[0].put(
            "/v1/contacts/c1", ["email": "ayse@example.com", "consents": ["newsletter": ["state": "granted"]]])
        try await replicas[0].house.write { change in
            for number in 0..<count {
                try MessageStore.queue(
                    NewMessage(
                        businessKey: "test-\(number)", customerID: "c1", messageClass: messageClass, templateID: "order_confirmation"),
                    change)
            }
        }
    }

    private func message(_ house: TestHouse) async throws -> JSON {
        let id = try await house.get("/v1/messages?customer=c1").json["data"]?[0]?["id"]?.string ?? ""
        return try await house.get("/v1/messages/\(id)").json
    }

    @Test("64 mails go out once each, whoever sends them", arguments: [2, 4])
    func once(_ count: Int) async throws {
        try await with(count) { replicas, lines in
            try await queue(64, .transactional, replicas)
            #expect(try await replicas.runDueTimers() == 64)
            let mails = lines.flatMap(\.mails)
            #expect(mails.count == 64 && Set(mails.map(\.messageID)).count == 64)
            #expect(try await replicas[0].said("message.sent").count == 64)
        }
    }

    @Test("a mail that stands still at one replica is left alone by the others while its timer is held, and by one that starts")
    func leftAlone() async throws {
        try await with(standing: [0, 1]) { replicas, lines in
            try await queue(1, .transactional, replicas)
            let sending = Task { try await replicas[0].runDueTimers() }
            try await until("the mail is on its way") { lines.contains { !$0.mails.isEmpty } }
            let late = StandingTransport(stands: false)
            let third = try await TestHouse.start(MessagingService.definition(transport: { _ in late }), sharing: replicas[0])
            #expect(try await third.runDueTimers() == 0)
            #expect(try await replicas[1].runDueTimers() == 0)
            await third.stop()
            #expect(try await message(replicas[0])["state"] == "sending")
            for line in lines { line.letGo() }
            let ran = try await sending.value
            #expect(ran == 1)
            #expect(lines.flatMap(\.mails).count + late.mails.count == 1)
            #expect(try await message(replicas[0])["state"] == "sent")
        }
    }

    @Test(
        "a replica that stands still in the middle of a mail is given up: by its class the mail goes again, or not",
        arguments: [MessageClass.transactional, .marketing])
    func standsStill(_ messageClass: MessageClass) async throws {
        try await with(standing: [0, 1]) { replicas, lines in
            try await queue(1, messageClass, replicas)
            let sending = Task { try await replicas[0].runDueTimers() }
            try await until("the mail is on its way") { lines.contains { !$0.mails.isEmpty } }
            try await replicas.expireTimerLeases()
            let other = StandingTransport(stands: false)
            let third = try await TestHouse.start(
                MessagingService.definition(transport: { _ in other }), environment: ["VEFA_STORE_NAME": "Shop"], sharing: replicas[0])
            _ = try await third.runDueTimers()
            let found = try await message(replicas[0])
            #expect(found["state"] == (messageClass == .transactional ? "sent" : "unknown"))
            #expect(other.mails.count == (messageClass == .transactional ? 1 : 0))
            // It wakes, and hears that the mail was taken.
            for line in lines { line.letGo() }
            _ = try await sending.value
            _ = try await third.runDueTimers()
            await third.stop()
            let after = try await message(replicas[0])
            #expect(after["state"] == "sent" && after["attempts"] == (messageClass == .transactional ? 2 : 1))
            #expect(
                after["attempt_log"]?.array?.map { $0["outcome"] }
                    == Array(repeating: "accepted", count: messageClass == .transactional ? 2 : 1))
            let mails = lines.flatMap(\.mails) + other.mails
            #expect(Set(mails.map(\.messageID)).count == 1)
            #expect(try await replicas[0].said("message.sent").count == 1)
            #expect(try await replicas[0].house.nextTimerDue() == nil)
        }
    }

    @Test("a replica that lost a message's timer begins nothing")
    func lostTimer() async throws {
        try await with { replicas, _ in
            try await queue(1, .transactional, replicas)
            await #expect(throws: MessageAttempt.TimerLost.self) {
                try await replicas[0].house.write { change in
                    let message = try #require(
                        try MessageStore.list(customerID: "c1", state: nil, PageRequest(limit: 1, after: nil), change.db).first)
                    try change.db.execute(
                        "UPDATE timers SET lease = 'another''s', lease_until = 9000000000000 WHERE timer_key = \(message.id)")
                    let timer = DueTimer(kind: MessageStore.timerKind, key: message.id, dueAt: change.now, payload: .null, attempt: 0)
                    _ = try MessageAttempt.begin(message, timer, change)
                }
            }
            #expect(try await message(replicas[0])["state"] == "queued")
        }
    }

    @Test("one run a key and one mail a step, though every replica hears everything and runs the timers")
    func flows() async throws {
        try await with(4) { replicas, lines in
            let orders = (0..<16).map { Events.order("order.paid", "o\($0)", at: replicas[0].house.now) }
            try await replicas.hearAtOnce(orders)
            replicas.set(TestHouse.startOfTime.adding(seconds: 61))
            for _ in 0..<2 { try await replicas.runDueTimers() }
            let runs = try await replicas[0].house.read { db in
                try db.all("SELECT run_key, entry, state FROM runs ORDER BY run_key") { ($0.text(0), $0.int(1), $0.text(2)) }
            }
            #expect(runs.count == 16 && Set(runs.map(\.0)).count == 16 && runs.allSatisfy { $0.1 == 1 && $0.2 == "finished" })
            #expect(lines.flatMap(\.mails).count == 16)
        }
    }

    @Test("consent that is said at every replica at once ends as the last one said, and every change is kept")
    func consent() async throws {
        try await with { replicas, _ in
            _ = try await replicas[0].put("/v1/contacts/c1", ["email": "ayse@example.com"])
            let statuses = try await replicas.atOnce(32) { number, replica in
                try await replica.put(
                    "/v1/contacts/c1",
                    ["email": "ayse@example.com", "consents": ["newsletter": ["state": number % 2 == 0 ? "granted" : "denied"]]]
                ).status
            }
            #expect(statuses.allSatisfy { $0 == 200 })
            let (state, log) = try await replicas[0].house.read { db in
                (
                    try db.first("SELECT state FROM consents WHERE customer_id = 'c1'") { $0.text(0) },
                    try db.all("SELECT state FROM consent_log WHERE customer_id = 'c1' ORDER BY entry") { $0.text(0) }
                )
            }
            #expect(state == log.last)
            #expect(zip(log, log.dropFirst()).allSatisfy { $0 != $1 })
        }
    }

    @Test("replicas that start at once lay the presets down once")
    func prepare() async throws {
        try await with(4) { replicas, _ in
            let flows = try await replicas[3].get("/v1/flows").json["data"]?.array ?? []
            #expect(Set(flows.map { $0["preset"] }).count == flows.count && !flows.isEmpty)
        }
    }
}
