/// One thing that happened (CloudEvents 1.0, JSON format). `data` keeps everything its source brought.
public struct CloudEvent: Sendable {
    /// Unique within `source`, for ever: the pair is what deduplication goes by.
    public var id: String
    public var source: String
    public var type: String
    public var time: Timestamp
    /// The customer it is about, where the source said so.
    public var subject: String?
    public var data: JSON

    public init(id: String, source: String, type: String, time: Timestamp, subject: String? = nil, data: JSON) {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.subject = subject
        self.data = data
    }

    public var json: JSON {
        var object: JSONObject = JSONObject([
            .init(name: "specversion", value: "1.0"),
            .init(name: "id", value: .string(id)),
            .init(name: "source", value: .string(source)),
            .init(name: "type", value: .string(type)),
            .init(name: "time", value: .string(time.rfc3339)),
        ])
        if let subject { object.members.append(.init(name: "subject", value: .string(subject))) }
        object.members.append(.init(name: "data", value: data))
        return .object(object)
    }

    /// An event further behind the clock than this starts nothing that reaches a customer: importing last year's orders must mail nobody.
    public static let staleSeconds: Int64 = 72 * 3_600

    public func isStale(now: Timestamp) -> Bool { time < now.adding(seconds: -Self.staleSeconds) }

    /// The customer's id as the event names it: `subject`, `data.customer.id` or `data.customer_id`; nil for guests and events about nobody.
    public var customerID: String? {
        if let subject, !subject.isEmpty { return subject }
        if let id = data["customer"]?["id"]?.string, !id.isEmpty { return id }
        if let id = data["customer_id"]?.string, !id.isEmpty { return id }
        return nil
    }

    /// The e-mail the event carries for its customer, as written.
    public var customerEmail: String? {
        data["customer"]?["email"]?.string ?? data["email"]?.string
    }
}

extension CloudEvent {
    public static let maximumTextLength = 255

    /// Reads the envelope and, for catalogue types, checks the data too. What is wrong is noted in `issues`, by pointers relative to the event;
    /// nil when anything is. `time` may be absent: then it is `now`. `now` also bounds it: 1970 up to 24 hours ahead.
    public static func read(_ json: JSON, now: Timestamp, issues: FieldIssues) -> CloudEvent? {
        let reader = FieldReader(body: json, issues: issues, strict: false)
        let version = reader.requiredString("specversion", max: 16)
        if let version, version != "1.0" { reader.fail("specversion", "invalid", "only CloudEvents 1.0 is read here") }
        let id = reader.requiredString("id", max: maximumTextLength)
        let source = reader.requiredString("source", max: maximumTextLength)
        let type = reader.requiredString("type", max: maximumTextLength)
        let subject = reader.string("subject", max: maximumTextLength)
        let time = reader.timestamp("time")
        if let time, time > now.adding(seconds: 86_400) { reader.fail("time", "out_of_range", "more than 24 hours ahead") }
        if let contentType = reader.string("datacontenttype", max: 255), !contentType.lowercased().contains("json") {
            reader.fail("datacontenttype", "unsupported", "data must be JSON")
        }
        if json["data_base64"] != nil { reader.fail("data_base64", "unsupported", "data must be JSON") }
        let data = reader.raw("data")
        if let data, data.object == nil { reader.fail("data", "wrong_type", "an object was expected") }
        if let type {
            let body = FieldReader(data?.object ?? JSONObject(), at: .root / "data", issues: issues, strict: false)
            EventCatalogue.check(type, body)
        }
        guard issues.isEmpty, let id, let source, let type else { return nil }
        return CloudEvent(id: id, source: source, type: type, time: time ?? now, subject: subject, data: data ?? .object(JSONObject()))
    }
}
