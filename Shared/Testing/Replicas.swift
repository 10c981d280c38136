public import Shared
public import SharedRuntime

/// Several houses of one service on one store, each with threads, connections and a memory of its own: what replicas are, in one process. Only where
/// `TestStores.isShared`.
public struct Replicas: Sendable {
    public let houses: [TestHouse]

    /// Opens `count` of them on a fresh store, all at once, so that their migrations and `prepare` meet; `definition` makes one for each.
    public static func with(
        _ count: Int = 2, of definition: @Sendable (Int) -> ServiceDefinition, environment: [String: String] = [:],
        _ body: (Replicas) async throws -> Void
    ) async throws {
        let first = try await TestHouse.start(definition(0), environment: environment)
        var houses = [first]
        do {
            houses += try await withThrowingTaskGroup { group in
                for number in 1..<max(2, count) {
                    let definition = definition(number)
                    group.addTask { try await TestHouse.start(definition, environment: environment, sharing: first) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try await body(Replicas(houses: houses))
        } catch {
            for house in houses.reversed() { await house.stop() }
            throw error
        }
        for house in houses.reversed() { await house.stop() }
    }

    /// The replica that call number `number` goes to.
    public subscript(_ number: Int) -> TestHouse { houses[number % houses.count] }

    /// Makes so many calls at the same time, spread over the replicas; their answers in the order of their numbers.
    public func atOnce<T: Sendable>(
        _ count: Int = 64, _ call: @escaping @Sendable (_ number: Int, _ replica: TestHouse) async throws -> T
    ) async throws -> [T] {
        try await withThrowingTaskGroup { group in
            for number in 0..<count {
                let replica = self[number]
                group.addTask { (number, try await call(number, replica)) }
            }
            var answers: [(Int, T)] = []
            for try await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Has every replica hear these events at the same time, each as from a publisher of its own: the same event comes as often as there are replicas.
    public func hearAtOnce(_ events: [CloudEvent]) async throws {
        let publishers = ServiceName.allCases
        _ = try await atOnce(min(houses.count, publishers.count)) { number, replica in
            for start in stride(from: 0, to: events.count, by: 4) {
                try await replica.deliver(Array(events[start..<min(events.count, start + 4)]), from: publishers[number])
            }
        }
    }

    /// Sets every replica's clock.
    public func set(_ time: Timestamp) {
        for house in houses { house.house.clock.set(time) }
    }

    /// Every replica runs what is due, at the same time, until none finds anything. Answers how many timers ran.
    @discardableResult
    public func runDueTimers() async throws -> Int {
        try await atOnce(houses.count) { _, replica in try await replica.runDueTimers() }.reduce(0, +)
    }

    /// What a replica held goes free, as half a minute after its end.
    public func expireTimerLeases() async throws {
        try await houses[0].house.store.claim { db in _ = try db.execute("UPDATE timers SET lease_until = 0 WHERE lease IS NOT NULL") }
    }

    /// How many transactions had to be run again so far because of others.
    public var conflicts: Int { houses.reduce(0) { $0 + $1.house.store.statistics.conflicts } }
}
