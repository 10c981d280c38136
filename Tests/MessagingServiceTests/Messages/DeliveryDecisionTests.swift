import MessagingDomain
import Shared
import Testing

@Suite("What follows from an attempt")
struct DeliveryDecisionTests {
    private let start = Timestamp(milliseconds: 1_000_000)

    @Test("retries come soon at first, then ever slower, for three days")
    func retries() {
        var now = start
        var attempts = 0
        var delays: [Int64] = []
        while attempts < 100 {
            attempts += 1
            let decision = DeliveryDecision.after(
                .deferred(code: 451, detail: ""), class: .transactional, attempts: attempts, since: start, now: now, chance: 0)
            guard case .retry(let next) = decision else {
                #expect(decision == .gaveUp(.expired))
                break
            }
            delays.append((next.milliseconds - now.milliseconds) / 1_000)
            now = next
        }
        #expect(delays.prefix(4) == [5, 15, 60, 300])
        #expect(delays == delays.sorted())
        #expect(now >= start.adding(days: 3) && now < start.adding(days: 4))
    }

    @Test("chance spreads a retry by at most a fifth", arguments: [0.0, 0.5, 0.999, 7, -1])
    func spread(chance: Double) {
        let next = RetrySchedule.next(attempts: 3, now: start, chance: chance)
        #expect((60_000...72_000).contains(next.milliseconds - start.milliseconds))
    }

    @Test(
        "a mailbox is given up only when the refusal is about it",
        arguments: [
            (550, "550 5.1.1 User unknown", true), (550, "550 no such user here", true), (553, "553 sorry", true), (551, "551 moved", true),
            (550, "550 5.7.1 blocked, see https://example.com/1.2.3.4", false), (552, "552 5.2.2 mailbox full", false),
            (554, "554 refused", false),
            (550, "550 5.1.8 bad sender domain", false), (550, "550 5.2.1 mailbox disabled", true), (554, "554 5.1.1 gone", true),
            (550, "550-5.1.1 The email account does not exist", true), (550, "host 10.0.0.1 said: 550 5.1.1 nobody", true),
        ])
    func mailboxes(code: Int, detail: String, isPermanent: Bool) {
        #expect(MailboxRefusal.isPermanent(code: code, detail: detail) == isPermanent)
    }

    @Test("an unknown fate is left alone for marketing, tried again for the rest, but not for ever")
    func unknown() {
        func decide(_ messageClass: MessageClass, _ attempts: Int) -> DeliveryDecision {
            .after(.unknown, class: messageClass, attempts: attempts, since: start, now: start, chance: 0)
        }
        #expect(decide(.marketing, 1) == .unknown(resendAt: nil))
        #expect(decide(.transactional, 1) == .unknown(resendAt: start.adding(seconds: 5)))
        #expect(decide(.transactional, 3) == .unknown(resendAt: nil))
    }
}
