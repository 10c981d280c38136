import Shared
import Testing

private let now = Timestamp(milliseconds: 1_772_355_600_000)

/// Reads an event with `data`, answers what was noted as `pointer code`.
func issues(_ type: String, _ data: String, envelope: String = "") throws -> [String] {
    let text =
        #"{"specversion":"1.0","id":"e1","source":"shop","type":"\#(type)","time":"2026-03-01T08:00:00Z"\#(envelope),"data":\#(data)}"#
    let issues = FieldIssues()
    let event = CloudEvent.read(try JSONParser.parse(text), now: now, issues: issues)
    #expect((event == nil) == !issues.isEmpty)
    return issues.issues.map { "\($0.pointer) \($0.code)" }
}

@Suite("The envelope of an event") struct CloudEventTests {
    private func read(_ text: String) throws -> (event: CloudEvent?, issues: [String]) {
        let issues = FieldIssues()
        let event = CloudEvent.read(try JSONParser.parse(text), now: now, issues: issues)
        return (event, issues.issues.map { "\($0.pointer) \($0.code)" })
    }

    @Test("keeps what it brings, and is written as it was read")
    func roundTrip() throws {
        let text =
            #"{"specversion":"1.0","id":"e1","source":"shop","type":"custom.x","time":"2026-03-01T08:00:00.250Z","subject":"c 1","data":{"a":[1,2.50],"z":null}}"#
        let event = try #require(try read(text).event)
        #expect(event.json.text == text.replacing("2.50", with: "2.5"))
        #expect(event.customerID == "c 1")
    }

    @Test("without a time it happened now; without data it has none")
    func defaults() throws {
        let event = try #require(try read(#"{"specversion":"1.0","id":"e1","source":"shop","type":"custom.x"}"#).event)
        #expect(event.time == now)
        #expect(event.data == [:])
        #expect(event.customerID == nil)
    }

    @Test(
        "names everything that is missing or wrong",
        arguments: [
            ("{}", ["/specversion missing", "/id missing", "/source missing", "/type missing"]),
            (
                #"{"specversion":"0.3","id":"","source":5,"type":null}"#,
                ["/id empty", "/source wrong_type", "/type missing", "/specversion invalid"]
            ),
            (#"{"specversion":1.0,"id":"a","source":"b","type":"c"}"#, ["/specversion wrong_type"]),
            (#"{"specversion":"1.0","id":"a","source":"b","type":"c","data":[]}"#, ["/data wrong_type"]),
            (#"{"specversion":"1.0","id":"a","source":"b","type":"c","data":"x"}"#, ["/data wrong_type"]),
            (#"{"specversion":"1.0","id":"a","source":"b","type":"c","data_base64":"QQ"}"#, ["/data_base64 unsupported"]),
            (#"{"specversion":"1.0","id":"a","source":"b","type":"c","datacontenttype":"text/xml"}"#, ["/datacontenttype unsupported"]),
            (#"{"specversion":"1.0","id":"a","source":"b","type":"c","subject":7}"#, ["/subject wrong_type"]),
            (#"{"specversion":"1.0","id":"a\u0000","source":"b","type":"c"}"#, ["/id invalid"]),
            ("[]", [" wrong_type", "/specversion missing", "/id missing", "/source missing", "/type missing"]),
            ("null", [" wrong_type", "/specversion missing", "/id missing", "/source missing", "/type missing"]),
        ])
    func wrong(text: String, expected: [String]) throws {
        let result = try read(text)
        #expect(result.event == nil)
        #expect(Set(result.issues) == Set(expected))
    }

    @Test(
        "its time lies between 1970 and 24 hours ahead",
        arguments: [
            ("1969-12-31T23:59:59Z", "/time out_of_range"), ("2026-03-02T09:00:00.001Z", "/time out_of_range"),
            ("9999-12-31T23:59:59Z", "/time out_of_range"),
            ("2026-02-30T00:00:00Z", "/time invalid_time"), ("yesterday", "/time invalid_time"), ("2026-03-02T09:00:00Z", nil),
            ("1970-01-01T00:00:00Z", nil),
            ("2026-03-02T12:00:00+03:00", nil),
        ])
    func times(time: String, expected: String?) throws {
        let result = try read(#"{"specversion":"1.0","id":"a","source":"b","type":"c","time":"\#(time)"}"#)
        #expect(result.issues == (expected.map { [$0] } ?? []))
    }

    @Test("texts of the envelope end at 255 bytes; a megabyte is only too long", arguments: ["id", "source", "type", "subject"])
    func long(field: String) throws {
        func issues(_ count: Int) throws -> [String] {
            var object = JSONObject(
                ["specversion": "1.0", "id": "a", "source": "b", "type": "c"].map { .init(name: $0.key, value: .string($0.value)) })
            object[field] = .string(String(repeating: "x", count: count))
            return try read(JSON.object(object).text).issues
        }
        #expect(try issues(255) == [])
        #expect(try issues(256) == ["/\(field) too_long"])
        #expect(try issues(1 << 20) == ["/\(field) too_long"])
    }

    @Test(
        "whose it is: the subject first, then the data's customer",
        arguments: [
            (#"{"customer":{"id":"a"},"customer_id":"b"}"#, "\"s\"", "s"), (#"{"customer":{"id":"a"},"customer_id":"b"}"#, "\"\"", "a"),
            (#"{"customer":{"id":""},"customer_id":"b"}"#, "null", "b"), (#"{"customer":{"id":null,"email":"x@y"}}"#, "null", nil),
            ("{}", "null", nil),
        ])
    func customer(data: String, subject: String, expected: String?) throws {
        let text = #"{"specversion":"1.0","id":"a","source":"b","type":"c","subject":\#(subject),"data":\#(data)}"#
        #expect(try #require(try read(text).event).customerID == expected)
    }

    @Test("random documents are refused or read, never a trap")
    func garbage() throws {
        var random = Seeded()
        let types = [
            "order.placed", "order.refunded", "customer.created", "cart.updated", "product.upserted", "subscription.started", "page.viewed",
            "newsletter.subscribed",
        ]
        let names = [
            "order_id", "customer", "id", "items", "total", "quantity", "amount", "refund_id", "currency", "email", "tags", "traits",
            "product", "unit_price",
            "placed_at", "birthday", "cart_id", "topics", "subscription_id", "line_id",
        ]
        func value(_ depth: Int) -> JSON {
            switch random.int(0...(depth > 0 ? 9 : 6)) {
            case 0: .null
            case 1: .bool(true)
            case 2: .int(random.int64(.min ... .max))
            case 3: .double(Double(bitPattern: random.next()).isFinite ? Double(bitPattern: random.next()) : 1.5)
            case 4: .string(random.text(random.int(0...8)))
            case 5: .string(["TRY", "2026-03-01T00:00:00Z", "2026-02-31", "o1"][random.int(0...3)])
            case 6: .int(random.int64(-2...2))
            case 7: .array((0..<random.int(0...3)).map { _ in value(depth - 1) })
            default:
                .object(
                    JSONObject(
                        (0..<random.int(0...8)).map { _ in .init(name: names[random.int(0...names.count - 1)], value: value(depth - 1)) }))
            }
        }
        for _ in 0..<5_000 {
            let json: JSON = [
                "specversion": "1.0", "id": "e", "source": "s", "type": .string(types[random.int(0...types.count - 1)]), "data": value(4),
            ]
            let issues = FieldIssues()
            let event = CloudEvent.read(json, now: now, issues: issues)
            #expect((event == nil) != issues.isEmpty, "\(random) \(json.text)")
        }
    }
}
