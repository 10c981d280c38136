import Testing

@testable import SharedRuntime

@Suite("Metrics") struct MetricsTests {
    @Test("are Prometheus' text, families together, each announced once")
    func text() {
        let metrics = Metrics()
        metrics.counter("b_total", help: "Bs", labels: ["kind": "x"]).increment()
        metrics.counter("b_total", help: "Bs", labels: ["kind": "y"]).increment(by: 4)
        metrics.counter("b_total", help: "Bs", labels: ["kind": "x"]).increment()
        let gauge = metrics.gauge("a", help: "As")
        gauge.set(5)
        gauge.add(-7)
        metrics.computed("c", help: "Cs") { 1.5 }
        #expect(
            metrics.text == """
                # HELP a As
                # TYPE a gauge
                a -2
                # HELP b_total Bs
                # TYPE b_total counter
                b_total{kind="x"} 2
                b_total{kind="y"} 4
                # HELP c Cs
                # TYPE c gauge
                c 1.5

                """)
    }

    @Test("histograms count upwards, with the sum")
    func histogram() {
        let metrics = Metrics()
        let histogram = metrics.histogram("h", help: "H", labels: ["route": "r"])
        for seconds in [0.0004, 0.0005, 0.003, 2, 60] { histogram.observe(seconds) }
        let lines = metrics.text.split(separator: "\n").map(String.init)
        #expect(lines.contains(#"h_bucket{route="r",le="0.0005"} 2"#))
        #expect(lines.contains(#"h_bucket{route="r",le="0.005"} 3"#))
        #expect(lines.contains(#"h_bucket{route="r",le="2.5"} 4"#))
        #expect(lines.contains(#"h_bucket{route="r",le="+Inf"} 5"#))
        #expect(lines.contains(#"h_count{route="r"} 5"#))
        #expect(lines.last { $0.hasPrefix("h_sum") }?.hasPrefix(#"h_sum{route="r"} 62.003"#) == true)
        let buckets = lines.filter { $0.hasPrefix("h_bucket") }.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
        #expect(buckets == buckets.sorted() && buckets.count == 15)
    }

    @Test("label values are escaped")
    func labels() {
        let metrics = Metrics()
        metrics.counter("x", help: "X", labels: ["path": "a\"b\\c\nd"]).increment()
        #expect(metrics.text.contains(#"x{path="a\"b\\c\nd"} 1"#))
        #expect(metrics.text.split(separator: "\n").count == 3)
    }

    @Test("counting from everywhere at once loses nothing")
    func concurrent() async {
        let metrics = Metrics()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        metrics.counter("n", help: "N").increment()
                        metrics.histogram("h", help: "H").observe(0.001)
                    }
                }
            }
        }
        #expect(metrics.text.contains("\nn 8000\n"))
        #expect(metrics.text.contains("\nh_count 8000\n"))
    }
}
