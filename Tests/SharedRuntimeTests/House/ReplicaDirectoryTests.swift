import NIOCore
import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

/// A name server that a test writes.
private final class Names: Sendable {
    struct Away: Error {}

    let records = Shelf<[String: [String]]>([:])
    let isAway = Shelf(false)
    let asked = Shelf(0)

    var lookup: NameLookup {
        { [self] host in
            asked.change { $0 += 1 }
            if isAway.value { throw Away() }
            return records.value[host] ?? []
        }
    }
}

@Suite("Where replicas are") struct ReplicaDirectoryTests {
    private let names = Names()

    private func directory(_ urls: String...) throws -> ReplicaDirectory {
        ReplicaDirectory([.loyalty: try urls.map { try ServiceAddress(parsing: $0) }], lookup: names.lookup, logger: silent)
    }

    private func seen(_ directory: ReplicaDirectory) -> [String] { directory.replicas(of: .loyalty).map(\.description) }

    @Test("a name stands for all of its addresses, each at the name's port; literal addresses are never looked up")
    func resolving() async throws {
        names.records.value = ["loyalty": ["10.0.0.1", "10.0.0.2"], "spare": ["fd00::1", "10.0.0.2"]]
        let directory = try directory("http://loyalty:81", "http://127.0.0.1:82", "http://spare:81")
        #expect(seen(directory) == ["127.0.0.1:82"])
        await directory.refresh()
        #expect(seen(directory) == ["10.0.0.1:81", "10.0.0.2:81", "127.0.0.1:82", "[fd00::1]:81"])
        #expect(names.asked.value == 2)
    }

    @Test("whoever follows hears of those that join and leave, and of nothing else")
    func changes() async throws {
        names.records.value = ["loyalty": ["10.0.0.1"]]
        let directory = try directory("http://loyalty:81")
        let heard = Shelf<[[String]]>([])
        directory.follow(.loyalty) { replicas in heard.change { $0.append(replicas.map(\.host)) } }
        await directory.refresh()
        names.records.value = ["loyalty": ["10.0.0.2", "10.0.0.1"]]
        await directory.refresh()
        names.records.value = ["loyalty": ["10.0.0.1", "10.0.0.2"]]
        await directory.refresh()
        names.records.value = ["loyalty": ["10.0.0.2"]]
        await directory.refresh()
        #expect(heard.value == [[], ["10.0.0.1"], ["10.0.0.2", "10.0.0.1"], ["10.0.0.2"]])
    }

    @Test("a name server that is away, or knows nothing any more, changes nothing", arguments: [true, false])
    func outage(isAway: Bool) async throws {
        names.records.value = ["loyalty": ["10.0.0.1"], "other": ["10.0.0.8"]]
        let directory = try directory("http://loyalty:81", "http://other:81")
        await directory.refresh()
        if isAway { names.isAway.value = true } else { names.records.value = ["other": ["10.0.0.9"]] }
        await directory.refresh()
        // What can be looked up is taken up all the same.
        #expect(seen(directory) == ["10.0.0.1:81", isAway ? "10.0.0.8:81" : "10.0.0.9:81"])
        names.isAway.value = false
        names.records.value = ["loyalty": ["10.0.0.3"], "other": ["10.0.0.9"]]
        await directory.refresh()
        #expect(seen(directory) == ["10.0.0.3:81", "10.0.0.9:81"])
    }

    @Test("two hundred replicas are used; past the limit those in use stay, in whatever order the name server lists them")
    func many() async throws {
        func addresses(_ range: Range<Int>) -> [String] { range.map { "10.0.\($0 / 250).\($0 % 250 + 1)" } }
        names.records.value = ["loyalty": addresses(0..<200)]
        let directory = try directory("http://loyalty:81")
        await directory.refresh()
        #expect(seen(directory).count == 200)
        let before = Set(seen(directory))
        names.records.value = ["loyalty": Array(addresses(0..<1_000).reversed())]
        await directory.refresh()
        #expect(seen(directory).count == ReplicaDirectory.limit)
        #expect(before.isSubset(of: seen(directory)))
        let chosen = Set(seen(directory))
        names.records.value = ["loyalty": addresses(0..<1_000)]
        await directory.refresh()
        #expect(Set(seen(directory)) == chosen)
    }

    @Test("a first call finds a name without waiting for its turn", .timeLimit(.minutes(1)))
    func firstCall() async throws {
        names.records.value = ["loyalty": ["10.0.0.1"]]
        let directory = try directory("http://loyalty:81")
        #expect(await directory.known(of: .loyalty).map(\.host) == ["10.0.0.1"])
        _ = await directory.known(of: .loyalty)
        #expect(names.asked.value == 1)
    }

    @Test("while a service runs names are looked up again", .timeLimit(.minutes(1)))
    func watch() async throws {
        names.records.value = ["loyalty": ["10.0.0.1"]]
        let directory = try directory("http://loyalty:81")
        let watch = Task { try await ReplicaWatch(directory: directory, every: 600).run() }
        try await until("the name is looked up") { seen(directory) == ["10.0.0.1:81"] }
        names.records.value = ["loyalty": ["10.0.0.2"]]
        try await until("it is looked up again") { seen(directory) == ["10.0.0.2:81"] }
        watch.cancel()
        try await watch.value
    }

    @Test("a name is looked up at once when a replica fails", .timeLimit(.minutes(1)))
    func hurry() async throws {
        names.records.value = ["loyalty": ["10.0.0.1"]]
        let directory = try directory("http://loyalty:81")
        // Its own turn would be in an hour.
        let watch = Task { try await ReplicaWatch(directory: directory, every: 3_600_000).run() }
        try await until("the name is looked up") { seen(directory) == ["10.0.0.1:81"] }
        names.records.value = ["loyalty": ["10.0.0.2"]]
        directory.hurry()
        try await until("it is looked up again", within: 30) { seen(directory) == ["10.0.0.2:81"] }
        watch.cancel()
        try await watch.value
    }

    @Test("the system knows localhost", .timeLimit(.minutes(1)))
    func system() async throws {
        #expect(try await SystemNames.lookup("localhost").contains { $0 == "127.0.0.1" || $0 == "::1" })
        await #expect(throws: (any Error).self) { try await SystemNames.lookup("nobody.invalid") }
    }
}

@Suite("Replicas in turn") struct ReplicaTurnsTests {
    private let replicas = ["a", "b", "c"].map { ServiceAddress(host: $0, port: 1) }

    @Test("each in its turn; one that refused is left alone, then asked again")
    func turns() throws {
        var turns = ReplicaTurns()
        #expect((0..<6).compactMap { _ in turns.next(of: replicas, not: [], at: .uptimeNanoseconds(1))?.host } == ["b", "c", "a", "b", "c", "a"])
        turns.failedToConnect(replicas[1], at: .uptimeNanoseconds(1))
        let next = (0..<6).compactMap { _ in turns.next(of: replicas, not: [], at: .uptimeNanoseconds(1))?.host }
        #expect(Set(next) == ["a", "c"])
        let later = (0..<3).compactMap { _ in turns.next(of: replicas, not: [], at: .uptimeNanoseconds(2_000_000_000))?.host }
        #expect(later.filter { $0 == "b" }.count == 1)
    }

    @Test("when none is well, all are asked, once each in a call")
    func panic() {
        var turns = ReplicaTurns()
        for replica in replicas { turns.failedToConnect(replica, at: .uptimeNanoseconds(1)) }
        var tried: [ServiceAddress] = []
        while let next = turns.next(of: replicas, not: tried, at: .uptimeNanoseconds(1)) { tried.append(next) }
        #expect(Set(tried) == Set(replicas) && tried.count == 3)
    }
}
