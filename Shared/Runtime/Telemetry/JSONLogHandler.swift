public import Logging
import Shared

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One JSON object a line on standard error: `ts`, `level`, `service`, `msg`, `trace_id` where there is a request, and the metadata by name.
public struct JSONLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    private let service: String
    private let asText: Bool

    /// `asText` writes plain lines instead, for a terminal.
    public init(service: String, level: Logger.Level, asText: Bool) {
        self.service = service
        logLevel = level
        self.asText = asText
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        // One write a line: lines of several threads must not mix.
        line(event).withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return }
            var offset = 0
            while offset < buffer.count {
                let written = write(STDERR_FILENO, start + offset, buffer.count - offset)
                if written < 0, errno == EINTR { continue }
                if written <= 0 { return }
                offset += written
            }
        }
    }

    /// What is written for an event, its end of line included.
    func line(_ event: LogEvent) -> [UInt8] {
        var fields = metadata
        if let extra = event.metadata { fields.merge(extra) { $1 } }
        fields["hb.request.id"] = nil
        if let error = event.error { fields["error"] = "\(error)" }
        var line: [UInt8]
        if asText {
            let rest = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            let text = "\(VefaClock.machineNow.rfc3339) \(event.level) \(service): \(event.message)\(rest)"
            // Whatever a message quotes, it stays one line.
            line = text.utf8.map { $0 < 0x20 ? 0x20 : $0 }
        } else {
            var object = JSONObject([
                .init(name: "ts", value: .string(VefaClock.machineNow.rfc3339)),
                .init(name: "level", value: .string("\(event.level)")),
                .init(name: "service", value: .string(service)),
                .init(name: "msg", value: .string("\(event.message)")),
            ])
            if let trace = Trace.current { object.members.append(.init(name: "trace_id", value: .string(trace.traceID))) }
            for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
                object.members.append(.init(name: key, value: .string("\(value)")))
            }
            line = JSON.object(object).bytes
        }
        line.append(0x0A)
        return line
    }
}
