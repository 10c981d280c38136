import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("Clocks and wake-ups") struct ClockTests {
    @Test("a clock runs with the machine, from wherever it was set")
    func runs() async throws {
        let clock = VefaClock()
        #expect(abs(clock.now.milliseconds - VefaClock.machineNow.milliseconds) < 5_000)
        let time = Timestamp(milliseconds: 1_772_355_600_000)
        clock.set(time)
        #expect((0..<5_000).contains(clock.now.milliseconds - time.milliseconds))
        try await until("it goes on") { clock.now > time }
    }

    @Test("a frozen clock stands until it is set")
    func stands() {
        let clock = VefaClock(frozenAt: .epoch)
        #expect(clock.now == .epoch)
        clock.set(Timestamp(milliseconds: 5))
        #expect(clock.now.milliseconds == 5)
    }

    @Test("a signal between two waits is not lost, and counts once")
    func signals() async {
        let wakeup = Wakeup()
        wakeup.signal()
        wakeup.signal()
        let start = ContinuousClock.now
        await wakeup.wait(milliseconds: 60_000)
        #expect(ContinuousClock.now - start < .seconds(30))
        let second = ContinuousClock.now
        await wakeup.wait(milliseconds: 50)
        #expect(ContinuousClock.now - second >= .milliseconds(40))
    }

    @Test("a signal wakes who waits, the end wakes for good")
    func wakes() async {
        let wakeup = Wakeup()
        async let waiting: Void = wakeup.wait(milliseconds: 60_000)
        wakeup.signal()
        await waiting
        wakeup.end()
        for _ in 0..<3 { await wakeup.wait(milliseconds: 60_000) }
        await wakeup.waitOut(milliseconds: 60_000)
        #expect(wakeup.hasEnded)
    }

    @Test("waiting out a time takes it all, signals notwithstanding")
    func waitsOut() async {
        let wakeup = Wakeup()
        let start = ContinuousClock.now
        async let waiting: Void = wakeup.waitOut(milliseconds: 100)
        for _ in 0..<20 { wakeup.signal() }
        await waiting
        #expect(ContinuousClock.now - start >= .milliseconds(90))
    }
}

@Suite("Guests") struct GuestTests {
    @Test("the same address is the same guest everywhere, another is another")
    func ids() {
        let id = Guest.id(email: "Ayse@Example.com ")
        // Fixed: five services and their stores agree on it.
        #expect(id == Guest.id(email: "ayse@example.com"))
        #expect(id != Guest.id(email: "ayse2@example.com"))
        #expect(id.map(Guest.isGuest) == true)
        #expect(Guest.id(email: "nobody") == nil && Guest.id(email: nil) == nil)
        #expect(!Guest.isGuest("ayse") && !Guest.isGuest("guest_1"))
    }

    @Test("an event is its customer's, or its guest's")
    func person() {
        func event(_ subject: String?, _ data: JSON) -> CloudEvent {
            CloudEvent(id: "1", source: "s", type: "t", time: .epoch, subject: subject, data: data)
        }
        #expect(event("c1", ["email": "a@b.c"]).person == "c1")
        #expect(event(nil, ["customer": ["id": nil, "email": "a@b.c"]]).person == Guest.id(email: "a@b.c"))
        #expect(event("", ["email": "A@b.c"]).person == Guest.id(email: "a@b.c"))
        #expect(event(nil, [:]).person == nil)
    }
}
