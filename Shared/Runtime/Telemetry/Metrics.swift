import Synchronization

/// The numbers a service shows at `/metrics`, in Prometheus' text format 0.0.4. Small on purpose: counters, gauges, histograms, labels.
/// Keep the object a call returns where it is used often; looking it up takes a lock.
public final class Metrics: Sendable {
    public final class Counter: Sendable {
        let value = Atomic<Int64>(0)
        public func increment(by amount: Int64 = 1) { value.wrappingAdd(amount, ordering: .relaxed) }
    }

    public final class Gauge: Sendable {
        let value = Atomic<Int64>(0)
        public func set(_ newValue: Int64) { value.store(newValue, ordering: .relaxed) }
        public func add(_ amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
    }

    /// Durations in seconds, in fixed buckets from half a millisecond to ten seconds.
    public final class Histogram: Sendable {
        static let bounds: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
        struct State { var buckets = [Int64](repeating: 0, count: Histogram.bounds.count + 1); var sum = 0.0; var count: Int64 = 0 }
        let state = Mutex(State())

        public func observe(_ seconds: Double) {
            let index = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
            state.withLock { state in
                state.buckets[index] += 1
                state.sum += seconds
                state.count += 1
            }
        }
    }

    private enum Series { case counter(Counter), gauge(Gauge), histogram(Histogram), computed(@Sendable () -> Double) }

    private struct Family {
        let kind: String
        let help: String
        var series: [(labels: String, series: Series)]
    }

    private let families = Mutex<[String: Family]>([:])

    public init() {}

    public func counter(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Counter {
        find(name, "counter", help, labels, { if case .counter(let counter) = $0 { counter } else { nil } }) {
            let counter = Counter()
            return (counter, .counter(counter))
        }
    }

    public func gauge(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Gauge {
        find(name, "gauge", help, labels, { if case .gauge(let gauge) = $0 { gauge } else { nil } }) {
            let gauge = Gauge()
            return (gauge, .gauge(gauge))
        }
    }

    public func histogram(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Histogram {
        find(name, "histogram", help, labels, { if case .histogram(let histogram) = $0 { histogram } else { nil } }) {
            let histogram = Histogram()
            return (histogram, .histogram(histogram))
        }
    }

    /// A gauge whose value is asked for whenever the metrics are read.
    public func computed(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:], _ value: @escaping @Sendable () -> Double) {
        _ = find(name, "gauge", help, labels, { if case .computed = $0 { true } else { nil } }) { (true, .computed(value)) }
    }

    private func find<T: Sendable>(
        _ name: String, _ kind: String, _ help: String, _ labels: KeyValuePairs<String, String>, _ known: (Series) -> T?, _ make: () -> (T, Series)
    ) -> T {
        let key = Self.key(labels)
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind, help: help, series: [])
            if let found = family.series.first(where: { $0.labels == key }).flatMap({ known($0.series) }) { return found }
            let (made, series) = make()
            family.series.append((key, series))
            families[name] = family
            return made
        }
    }

    /// Shows a series no longer: what it was about is gone.
    public func forget(_ name: String, labels: KeyValuePairs<String, String>) {
        let key = Self.key(labels)
        families.withLock { $0[name]?.series.removeAll { $0.labels == key } }
    }

    /// Everything, in Prometheus' exposition format.
    public var text: String {
        let snapshot = families.withLock { $0 }
        var output = ""
        for name in snapshot.keys.sorted() {
            guard let family = snapshot[name] else { continue }
            output += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind)\n"
            for (labels, series) in family.series {
                let braces = labels.isEmpty ? "" : "{\(labels)}"
                switch series {
                case .counter(let counter): output += "\(name)\(braces) \(counter.value.load(ordering: .relaxed))\n"
                case .gauge(let gauge): output += "\(name)\(braces) \(gauge.value.load(ordering: .relaxed))\n"
                case .computed(let value): output += "\(name)\(braces) \(value())\n"
                case .histogram(let histogram): output += Self.text(name, labels, histogram)
                }
            }
        }
        return output
    }

    private static func text(_ name: String, _ labels: String, _ histogram: Histogram) -> String {
        let state = histogram.state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        var output = ""
        var running: Int64 = 0
        for (index, bound) in Histogram.bounds.enumerated() {
            running += state.buckets[index]
            output += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(running)\n"
        }
        output += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(state.count)\n\(name)_sum\(braces) \(state.sum)\n\(name)_count\(braces) \(state.count)\n"
        return output
    }

    private static func key(_ labels: KeyValuePairs<String, String>) -> String {
        labels.map { "\($0.key)=\"\(escape($0.value))\"" }.joined(separator: ",")
    }

    private static func escape(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
