import Shared
import Testing

@Suite("Reading fields") struct FieldReaderTests {
    /// What `body` notes about a document, as `pointer code`.
    private func issues(_ text: String, strict: Bool = true, _ body: (FieldReader) -> Void) throws -> [String] {
        let issues = FieldIssues()
        body(FieldReader(body: try JSONParser.parse(text), issues: issues, strict: strict))
        return issues.issues.map { "\($0.pointer) \($0.code)" }
    }

    @Test("a null counts as absent, and a wrong value is not missing besides")
    func missing() throws {
        let read: (FieldReader) -> Void = { _ = $0.requiredString("a") }
        #expect(try issues("{}", read) == ["/a missing"])
        #expect(try issues(#"{"a":null}"#, read) == ["/a missing"])
        #expect(try issues(#"{"a":1}"#, read) == ["/a wrong_type"])
        #expect(try issues(#"{"a":""}"#, read) == ["/a empty"])
        #expect(try issues(#"{"a":"x"}"#, read) == [])
        #expect(try issues("[]", read) == [" wrong_type", "/a missing"])
    }

    @Test("tells every type from the others")
    func types() throws {
        let all = #"{"s":"x","i":1,"d":1.5,"b":true,"l":[],"o":{}}"#
        func wrong(_ read: (FieldReader, String) -> Any?) throws -> String {
            try issues(all) { reader in for name in ["s", "i", "d", "b", "l", "o"] { _ = read(reader, name) } }
                .filter { $0.hasSuffix("wrong_type") }.map { String($0.dropFirst().prefix(1)) }.joined()
        }
        #expect(try wrong { $0.string($1) } == "idblo")
        #expect(try wrong { $0.int($1) } == "sblo")
        #expect(try wrong { $0.double($1, in: 0...10) } == "sblo")
        #expect(try wrong { $0.bool($1) } == "sidlo")
        #expect(try wrong { $0.strings($1) } == "sidbo")
        #expect(try wrong { $0.reader($1) } == "sidbl")
        #expect(try wrong { $0.readers($1) } == "sidbo")
        #expect(try wrong { $0.timestamp($1) } == "idblo")
        #expect(try wrong { $0.currency($1) } == "idblo")
    }

    @Test(
        "amounts go from 0 to 2^53, written as they may be",
        arguments: [
            ("0", true), ("9007199254740992", true), ("9007199254740992.0", true), ("1e3", true), ("12.0", true), ("-0", true),
            ("9007199254740993", false), ("-1", false), ("1.5", false), ("9223372036854775807", false), ("9223372036854775808", false),
            ("1e300", false),
            ("-9223372036854775808", false),
        ])
    func amounts(text: String, isGood: Bool) throws {
        #expect(try issues("{\"a\":\(text)}") { _ = $0.amount("a") } == (isGood ? [] : ["/a out_of_range"]))
    }

    @Test("limits lengths in bytes, counts and ranges, and refuses NUL everywhere")
    func limits() throws {
        #expect(try issues(#"{"a":"ğğ"}"#) { _ = $0.string("a", max: 3) } == ["/a too_long"])
        #expect(try issues(#"{"a":"ğğ"}"#) { _ = $0.string("a", max: 4) } == [])
        #expect(try issues("{\"a\":\"x\\u0000y\"}") { _ = $0.string("a") } == ["/a invalid"])
        #expect(
            try issues(#"{"a":["x",1,"yyyy","n\u0000"]}"#) { _ = $0.strings("a", maxLength: 3) } == [
                "/a/1 wrong_type", "/a/2 too_long", "/a/3 invalid",
            ])
        #expect(try issues(#"{"a":["x","y","z"]}"#) { _ = $0.strings("a", maxCount: 2) } == ["/a too_many"])
        #expect(try issues(#"{"a":[{},{}]}"#) { _ = $0.readers("a", maxCount: 1) } == ["/a too_many"])
        var count: Int?
        #expect(try issues(#"{"a":[{},7,null]}"#) { count = $0.readers("a")?.count } == ["/a/1 wrong_type", "/a/2 wrong_type"])
        #expect(count == 1)
        #expect(
            try issues(#"{"a":0.5,"b":11,"c":-1}"#) { r in for n in ["a", "b", "c"] { _ = r.double(n, in: 0...10) } } == [
                "/b out_of_range", "/c out_of_range",
            ])
        #expect(try issues(#"{"a":11}"#) { _ = $0.int("a", in: 1...10) } == ["/a out_of_range"])
    }

    @Test("reads times and currencies by their own rules")
    func particular() throws {
        #expect(try issues(#"{"a":"2026-03-01"}"#) { _ = $0.timestamp("a") } == ["/a invalid_time"])
        #expect(try issues(#"{"a":"1969-12-31T23:59:59Z"}"#) { _ = $0.timestamp("a") } == ["/a out_of_range"])
        var time: Timestamp?
        #expect(try issues(#"{"a":"1970-01-01T00:00:00Z"}"#) { time = $0.timestamp("a") } == [])
        #expect(time == .epoch)
        #expect(try issues(#"{"a":"try"}"#) { _ = $0.currency("a") } == ["/a unknown_currency"])
        #expect(try issues(#"{"a":"XXL"}"#) { _ = $0.currency("a") } == ["/a unknown_currency"])
        var currency: Currency?
        #expect(try issues(#"{"a":"TRY"}"#) { currency = $0.currency("a") } == [])
        #expect(currency?.code == "TRY")
    }

    private enum Colour: String, CaseIterable { case red, green }

    @Test("a choice is one of its cases")
    func choices() throws {
        #expect(try issues(#"{"a":"blue"}"#) { _ = $0.choice("a", Colour.self) } == ["/a invalid"])
        var colour: Colour?
        #expect(try issues(#"{"a":"red"}"#) { colour = $0.choice("a", Colour.self) } == [])
        #expect(colour == .red)
    }

    @Test("names what nobody asked for, nested too, unless it reads events")
    func unknown() throws {
        let text = #"{"a":1,"b":2,"o":{"c":3,"d":4},"l":[{"e":5}],"x/y~z":6}"#
        func read(_ reader: FieldReader) {
            _ = reader.int("a")
            reader.ignore("b")
            let inner = reader.reader("o")
            _ = inner?.int("c")
            inner?.refuseUnknown()
            for item in reader.readers("l") ?? [] { item.refuseUnknown() }
            reader.refuseUnknown()
        }
        #expect(try issues(text, read) == ["/o/d unknown_field", "/l/0/e unknown_field", "/x~1y~0z unknown_field"])
        #expect(try issues(text, strict: false, read) == [])
    }

    @Test("tells `leave it` from `clear it`")
    func has() throws {
        _ = try issues(#"{"a":null}"#) { reader in
            #expect(reader.has("a"))
            #expect(!reader.has("b"))
            #expect(reader.string("a") == nil)
        }
    }

    @Test("stops noting after fifty")
    func flood() throws {
        let body = "{" + (0..<200).map { "\"f\($0)\":1" }.joined(separator: ",") + "}"
        #expect(try issues(body) { $0.refuseUnknown() }.count == 50)
    }

    @Test("what was noted becomes one 422 that names all of it")
    func problem() throws {
        let issues = FieldIssues()
        try issues.throwIfAny()
        issues.add(.root / "a" / 2, "missing", "needed")
        let problem = try #require(#expect(throws: Problem.self) { try issues.throwIfAny() })
        #expect(problem.status == 422)
        let json = problem.json(instance: "/v1/x")
        #expect(json.at("errors", "0", "pointer") == "/a/2")
        #expect(json["code"] == "invalid")
        #expect(json["status"] == 422)
        #expect(json["instance"] == "/v1/x")
    }
}
