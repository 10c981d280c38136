import Shared
import SharedRuntime

/// An event that may be kept: what the journal indexes, and its text as it came.
struct Candidate: Sendable {
    /// Without its data: that is in `body`.
    let event: CloudEvent
    let body: String
    /// The customer or guest it is about.
    let customer: String?
}

/// Judges one event as a caller sent it.
enum EventReader {
    /// The largest event, in bytes of its own text.
    static let maximumBytes = 1 << 20
    /// Vefa's own services speak under this prefix; nobody else may.
    static let reservedSource = "vefa/"

    static let tooLarge = FieldIssue(pointer: "", code: "too_large", detail: "an event may have at most \(maximumBytes) bytes")

    enum Verdict: Sendable {
        case good(Candidate)
        case bad(id: String?, [FieldIssue])
    }

    /// `text` is where `json` was read from, without white space around it.
    static func read(_ json: JSON, text: UnsafeBufferPointer<UInt8>, now: Timestamp) -> Verdict {
        guard text.count <= maximumBytes else { return .bad(id: id(of: json), [tooLarge]) }
        if let pointer = json.nul(in: text) { return .bad(id: id(of: json), [.nul(at: pointer)]) }
        let issues = FieldIssues()
        guard var event = CloudEvent.read(json, now: now, issues: issues) else { return .bad(id: id(of: json), issues.issues) }
        guard !event.source.hasPrefix(reservedSource) else {
            return .bad(id: event.id, [FieldIssue(pointer: "/source", code: "reserved", detail: "sources under vefa/ are Vefa's own")])
        }
        let customer = event.person
        event.data = .null
        return .good(Candidate(event: event, body: body(json, text, event.time), customer: customer))
    }

    /// The event's own bytes, so that nothing is lost that this version does not read. Only a missing time is put in, since later readers
    /// must not take the time of their reading for it.
    private static func body(_ json: JSON, _ text: UnsafeBufferPointer<UInt8>, _ time: Timestamp) -> String {
        guard case .object(var object) = json, object["time"] == nil || object["time"] == .null else {
            return String(decoding: text, as: UTF8.self)
        }
        object["time"] = .string(time.rfc3339)
        return JSON.object(object).text
    }

    /// What names a rejected event to its sender; nil when even the id is unusable.
    private static func id(of json: JSON) -> String? {
        guard let id = json["id"]?.string, id.utf8.count <= CloudEvent.maximumTextLength else { return nil }
        return id
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Without a byte order mark and white space around it.
    var trimmed: UnsafeBufferPointer<UInt8> {
        var start = startIndex
        var end = endIndex
        if count >= 3, self[0] == 0xEF, self[1] == 0xBB, self[2] == 0xBF { start = 3 }
        while start < end, Self.isBlank(self[start]) { start += 1 }
        while end > start, Self.isBlank(self[end - 1]) { end -= 1 }
        return UnsafeBufferPointer(rebasing: self[start..<end])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
}
