import Logging
import Shared
import Testing

@testable import SharedRuntime

@Suite("Log lines") struct LogTests {
    private func line(_ message: String, _ metadata: Logger.Metadata? = nil, text: Bool = false, set: Logger.Metadata = [:]) -> String {
        var handler = JSONLogHandler(service: "loyalty", level: .info, asText: text)
        for (key, value) in set { handler[metadataKey: key] = value }
        let event = LogEvent(level: .warning, message: "\(message)", metadata: metadata, source: "s", file: "f", function: "g", line: 1)
        return String(decoding: handler.line(event), as: UTF8.self)
    }

    @Test("are one JSON object each, whatever is in them")
    func json() throws {
        let text = line(
            "two\nlines \"quoted\" \u{1} ğ", ["order": "o\n1", "list": ["a", "b"]], set: ["hb.request.id": "x", "component": "relay"])
        #expect(text.hasSuffix("\n") && text.filter { $0 == "\n" }.count == 1)
        let json = try JSONParser.parse(String(text.dropLast()))
        #expect(json["level"] == "warning" && json["service"] == "loyalty")
        #expect(json["msg"] == "two\nlines \"quoted\" \u{1} ğ" && json["order"] == "o\n1" && json["component"] == "relay")
        #expect(json["ts"]?.string.flatMap { Timestamp(rfc3339: $0) } != nil)
        #expect(json["hb.request.id"] == nil && json["trace_id"] == nil)
    }

    @Test("name the trace they belong to")
    func trace() throws {
        let trace = Trace(continuing: nil)
        let text = Trace.$current.withValue(trace) { line("x") }
        #expect(try JSONParser.parse(text)["trace_id"] == .string(trace.traceID))
    }

    @Test("as text they are one line too")
    func text() {
        let line = line("two\nlines", ["a": "b\r\nc"], text: true)
        #expect(line.hasSuffix(" warning loyalty: two lines a=b  c\n"))
    }
}

@Suite("Trace context") struct TraceTests {
    private let id = "0af7651916cd43dd8448eb211c80319c"
    private let span = "b7ad6b7169203331"

    @Test("a good parent is continued under a new span")
    func continues() {
        for parent in ["00-\(id)-\(span)-01", "00-\(id)-\(span)-00", "cc-\(id)-\(span)-01-what-ever"] {
            let trace = Trace(continuing: parent)
            #expect(trace.traceID == id && trace.spanID != span, "\(parent)")
        }
        #expect(Trace(continuing: "00-\(id)-\(span)-00").traceparent.hasSuffix("-00"))
    }

    @Test("a malformed one counts as none")
    func begins() {
        let zeros = String(repeating: "0", count: 32)
        for parent in [
            nil, "", "00", "00-\(id)", "00-\(id)-\(span)", "00-\(id)-\(span)-01-more", "ff-\(id)-\(span)-01", "0-\(id)-\(span)-01",
            "zz-\(id)-\(span)-01",
            "00-\(id.uppercased())-\(span)-01", "00-\(zeros)-\(span)-01", "00-\(id)-0000000000000000-01", "00-\(id)0-\(span)-01",
            "00-\(id)-\(span)0-01",
            "00-\(id)-\(span)-1", "00-\(id)-\(span)-zz", "00-\(id)-\(span)-é", "00_\(id)_\(span)_01",
        ] {
            let trace = Trace(continuing: parent)
            #expect(trace.traceID != id, "\(parent ?? "nil")")
            // And what is begun is well formed.
            #expect(Trace(continuing: trace.traceparent).traceID == trace.traceID)
        }
    }
}
