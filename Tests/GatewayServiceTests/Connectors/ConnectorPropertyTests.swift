import Shared
import Testing

@testable import GatewayService

@Suite("Whatever a store sends")
struct ConnectorPropertyTests {
    @Test("every fixture becomes events that the catalogue takes, none of them raw")
    func fixtures() {
        for (name, topics, body) in StoreFixtures.all {
            for topic in topics {
                let events = StoreFixtures.translate(topic, body)
                expectSound(events, "\(name) as \(topic)")
                #expect(events.allSatisfy { !$0.isRaw }, "\(name) as \(topic)")
            }
        }
    }

    @Test("a fixture under any other topic is translated or kept raw")
    func wrongTopics() {
        let topics = Set(StoreFixtures.all.flatMap(\.topics))
        for (name, _, body) in StoreFixtures.all {
            for topic in topics { expectSound(StoreFixtures.translate(topic, body), "\(name) as \(topic)") }
        }
    }

    @Test("any value anywhere in a body may be odd")
    func oddValues() {
        let long = JSON.string(String(repeating: "long ", count: 2_000))
        let odd: [JSON?] = [
            nil, .null, true, "", "abc", "\u{0}", -1, 0, 1_000_001, 0.5, 1e300, -1e-9, .int(.max), .int(.min), "-99999999999999999999", ".",
            "+", long, [],
            [nil], [[]], [:], ["id": ["id": []]],
        ]
        for (name, topics, body) in StoreFixtures.all {
            for path in paths(body) {
                for value in odd {
                    let changed = replacing(body, path[...], value)
                    // The first and the last: what is between them is read by the same code.
                    for topic in Set([topics.first, topics.last].compactMap(\.self)) {
                        expectSound(StoreFixtures.translate(topic, changed), "\(name) as \(topic), \(path) = \(value?.text ?? "nothing")")
                    }
                }
            }
        }
    }

    @Test("the same delivery twice is the same events")
    func redelivery() {
        for (_, topics, body) in StoreFixtures.all {
            for topic in topics {
                #expect(StoreFixtures.translate(topic, body).ids == StoreFixtures.translate(topic, body).ids)
            }
        }
    }

    /// At least one event, each readable as the gateway reads any event, no two with one id.
    private func expectSound(_ events: [TranslatedEvent], _ what: String) {
        if events.isEmpty { Issue.record("nothing from \(what)") }
        if Set(events.ids).count != events.count { Issue.record("one id twice from \(what)") }
        for translated in events {
            let issues = FieldIssues()
            let read = CloudEvent.read(translated.event.json, now: StoreFixtures.receivedAt, issues: issues)
            if read == nil { Issue.record("\(translated.event.type) from \(what): \(issues.issues)") }
        }
    }

    private func paths(_ json: JSON, _ prefix: [String] = []) -> [[String]] {
        switch json {
        case .object(let object): object.members.flatMap { [prefix + [$0.name]] + paths($0.value, prefix + [$0.name]) }
        case .array(let items): items.enumerated().flatMap { [prefix + [String($0)]] + paths($1, prefix + [String($0)]) }
        default: []
        }
    }

    private func replacing(_ json: JSON, _ path: ArraySlice<String>, _ value: JSON?) -> JSON {
        guard let step = path.first else { return value ?? .null }
        let rest = path.dropFirst()
        switch json {
        case .object(var object):
            object[step] = rest.isEmpty ? value : object[step].map { replacing($0, rest, value) }
            return .object(object)
        case .array(var items):
            guard let index = Int(step), items.indices.contains(index) else { return json }
            items[index] = replacing(items[index], rest, value)
            return .array(items)
        default: return json
        }
    }
}
