public import Shared

/// What a relay posts to a subscriber's `POST /internal/v1/events`, and what it hears back.
enum Wire {
    struct Batch {
        var publisher: ServiceName
        /// Changes when the publisher's store was set back: positions of another epoch mean nothing.
        var epoch: String
        /// Everything up to here was delivered before, as the publisher believes.
        var from: Int64
        /// Everything up to here is delivered with this batch.
        var to: Int64
        var events: [(position: Int64, event: JSON)]
        /// Positions that crashed this subscriber twice: they are put to the dead letters unread.
        var quarantine: [Int64]
        /// Reports up to this number are known.
        var reportsAfter: Int64

        /// The same in several batches of at most `size` events, the last of which goes to the same end. What runs in one transaction behind a savepoint
        /// each should not be more than an engine takes well.
        func parts(of size: Int) -> [Batch] {
            guard events.count > size else { return [self] }
            var parts: [Batch] = []
            var rest = events[...]
            var from = from
            while !rest.isEmpty {
                var part = self
                part.from = from
                part.events = Array(rest.prefix(size))
                rest = rest.dropFirst(size)
                part.to = rest.isEmpty ? to : part.events.last?.position ?? to
                from = part.to
                parts.append(part)
            }
            return parts
        }

        /// The last readable event of this batch.
        var lastEvent: LastEvent? {
            for (position, event) in events.reversed() {
                if let source = event["source"]?.string, let id = event["id"]?.string { return LastEvent(position: position, source: source, id: id) }
            }
            return nil
        }

        init(_ json: JSON) throws {
            guard let name = json["publisher"]?.string, let publisher = ServiceName(rawValue: name), let epoch = json["epoch"]?.string,
                let from = json["from"]?.int, let to = json["to"]?.int, let items = json["events"]?.array
            else { throw Problem.malformed("not a batch of events") }
            self.publisher = publisher
            self.epoch = epoch
            self.from = from
            self.to = to
            events = try items.map { item in
                guard let position = item["position"]?.int, let event = item["event"] else { throw Problem.malformed("not a batch of events") }
                return (position, event)
            }
            quarantine = json["quarantine"]?.array?.compactMap(\.int) ?? []
            reportsAfter = json["reports_after"]?.int ?? 0
        }
    }

    /// The event a subscriber heard last of a publisher. By it the publisher knows whether it is still the one who said it.
    struct LastEvent: Sendable {
        var position: Int64
        var source: String
        var id: String

        var json: JSON { ["position": .int(position), "source": .string(source), "id": .string(id)] }

        init(position: Int64, source: String, id: String) {
            self.position = position
            self.source = source
            self.id = id
        }

        init?(_ json: JSON) {
            guard let position = json["position"]?.int, let source = json["source"]?.string, let id = json["id"]?.string else { return nil }
            self.init(position: position, source: source, id: id)
        }
    }

    /// The batch as bytes; events are spliced in as they are stored, without being read again.
    static func encode(
        publisher: ServiceName, epoch: String, from: Int64, to: Int64, events: [(position: Int64, body: String)], quarantine: [Int64], reportsAfter: Int64
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(events.reduce(256) { $0 + $1.body.utf8.count + 40 })
        output.append(contentsOf: "{\"publisher\":\"\(publisher.rawValue)\",\"epoch\":\"\(epoch)\",\"from\":\(from),\"to\":\(to)".utf8)
        output.append(contentsOf: ",\"reports_after\":\(reportsAfter),\"quarantine\":".utf8)
        JSON.array(quarantine.map(JSON.int)).write(to: &output)
        output.append(contentsOf: ",\"events\":[".utf8)
        for (index, event) in events.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(contentsOf: "{\"position\":\(event.position),\"event\":".utf8)
            output.append(contentsOf: event.body.utf8)
            output.append(UInt8(ascii: "}"))
        }
        output.append(contentsOf: "]}".utf8)
        return output
    }
}

/// What became of one event at one subscriber, where it is not simply done.
public struct DeliveryReport: Sendable {
    public var number: Int64
    public var source: String
    public var id: String
    /// `parked`, `refused`, or `done` once it was neither any more.
    public var state: String
    public var code: String
    public var detail: String

    var json: JSON {
        ["number": .int(number), "source": .string(source), "id": .string(id), "state": .string(state), "code": .string(code), "detail": .string(detail)]
    }

    init(number: Int64, source: String, id: String, state: String, code: String, detail: String) {
        self.number = number
        self.source = source
        self.id = id
        self.state = state
        self.code = code
        self.detail = detail
    }

    init?(_ json: JSON) {
        guard let number = json["number"]?.int, let source = json["source"]?.string, let id = json["id"]?.string, let state = json["state"]?.string else {
            return nil
        }
        self.init(number: number, source: source, id: id, state: state, code: json["code"]?.string ?? "", detail: json["detail"]?.string ?? "")
    }
}
