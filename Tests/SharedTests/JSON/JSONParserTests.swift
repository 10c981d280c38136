import Shared
import Testing

@Suite("JSON parser") struct JSONParserTests {
    @Test(
        "takes what RFC 8259 allows",
        arguments: [
            ("null", JSON.null), (" \t\r\n true ", .bool(true)), ("[]", []), ("{}", [:]), ("[1,2]", [1, 2]), ("\"\"", ""),
            ("0", 0), ("-0", 0), ("-1", -1), ("1.5", 1.5), ("1e2", .double(100)), ("1E+2", .double(100)), ("25e-1", .double(2.5)),
            ("{\"a\":{\"b\":[null,false]}}", ["a": ["b": [nil, false]]]), ("\"\\u0000\"", "\u{0}"), ("\"\u{7F}\"", "\u{7F}"),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u20AC""#, "é€"), (#""\ud83d\ude00""#, "😀"),
            (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
            ("\"\u{2028}\u{FEFF}\"", "\u{2028}\u{FEFF}"), ("\u{FEFF}[]", []),
        ] as [(String, JSON)])
    func takes(text: String, value: JSON) throws {
        #expect(try JSONParser.parse(text) == value)
    }

    @Test(
        "refuses what is not JSON",
        arguments: [
            "", " ", "nul", "nulll", "True", "[1,]", "[,1]", "[1 2]", "[1", "]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
            "{'a':1}", "{1:2}",
            "{\"a\" 1}", "{\"a\":1 \"b\":2}", "01", "-01", "00", "-", "+1", ".5", "1.", "1.e1", "1e", "1e+", "0x10", "1_000", "Infinity",
            "NaN", "-Infinity",
            "\"", "\"a", "\"\\x\"", "\"\\\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\U0041\"", "\"\n\"", "\"\t\"", "\"\u{0}\"", "// c\n1",
            "/**/1", "1 1", "[] []",
            "\u{FEFF}\u{FEFF}[]", " \u{FEFF}[]", "1\u{FEFF}", "\u{A0}1",
        ])
    func refuses(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(text) }
    }

    @Test(
        "refuses lone surrogates in every place",
        arguments: [
            #""\ud83d""#, #""\ude00""#, #""\ud83d\u0041""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\ud83d""#, #""\ude00\ud83d""#,
            #""\ud83d\"#,
        ])
    func surrogates(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(text) }
    }

    @Test(
        "refuses bytes that are no UTF-8: cut short, overlong, encoded surrogates, past the last scalar",
        arguments: [
            [0x80], [0xC3], [0xC0, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xFE],
        ] as [[UInt8]])
    func encoding(bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([0x22] + bytes + [0x22]) }
        // The path with escapes is another one.
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([0x22] + bytes + Array(#"\n""#.utf8)) }
    }

    @Test("keeps whole numbers exact to the last of 64 bits, beyond them takes the nearest double")
    func numbers() throws {
        for number in [Int64.max, .min, .max - 1, .min + 1, 9_007_199_254_740_993, -9_007_199_254_740_993, 0] {
            #expect(try JSONParser.parse(String(number)) == .int(number))
        }
        #expect(try JSONParser.parse("9223372036854775808") == .double(9_223_372_036_854_775_808))
        #expect(try JSONParser.parse("-9223372036854775809") == .double(-9_223_372_036_854_775_808))
        #expect(try JSONParser.parse("18446744073709551616") == .double(18_446_744_073_709_551_616))
        #expect(try JSONParser.parse("1e-400").double == 0)
        #expect(try JSONParser.parse("5e-324").double == .leastNonzeroMagnitude)
        #expect(try JSONParser.parse("1.7976931348623157e308").double == .greatestFiniteMagnitude)
        for text in ["1e309", "-1e309", "1e999999999", String(repeating: "9", count: 400)] {
            #expect(throws: JSONSyntaxError.self, "\(text.prefix(20))") { try JSONParser.parse(text) }
        }
        #expect(try JSONParser.parse(String(repeating: "9", count: 300)).double == 1e300)
    }

    @Test("whole numbers up to 2^53 are read from doubles too, and no further")
    func wholeDoubles() throws {
        #expect(try JSONParser.parse("12.0").int == 12)
        #expect(try JSONParser.parse("1e3").int == 1_000)
        #expect(try JSONParser.parse("9007199254740992.0").int == 9_007_199_254_740_992)
        #expect(try JSONParser.parse("9007199254740994.0").int == nil)
        #expect(try JSONParser.parse("12.5").int == nil)
        #expect(JSON.double(.nan).int == nil)
        #expect(JSON.double(.infinity).int == nil)
    }

    @Test("nests 64 deep from outside and no deeper, in objects and in arrays")
    func depth() throws {
        func arrays(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        func objects(_ depth: Int) -> String { String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth) }
        for make in [arrays, objects] {
            #expect(throws: Never.self) { try JSONParser.parse(make(64)) }
            #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(make(65)) }
            #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(make(1_000_000)) }
            #expect(throws: Never.self) { try JSONParser.parse(make(JSONParser.ownDepth), depthLimit: JSONParser.ownDepth) }
        }
        // Width is not depth.
        #expect(try JSONParser.parse("[" + String(repeating: "[],", count: 1_000) + "[]]").array?.count == 1_001)
    }

    @Test("a name that occurs twice answers with its last value, and goes altogether when it is set or removed")
    func duplicates() throws {
        var object = try #require(try JSONParser.parse(#"{"a":1,"b":2,"a":3}"#).object)
        #expect(object["a"] == 3)
        #expect(object.members.count == 3)
        object["a"] = 4
        #expect(JSON.object(object).text == #"{"a":4,"b":2}"#)
        var other = try #require(try JSONParser.parse(#"{"a":1,"b":2,"a":3}"#).object)
        other["a"] = nil
        #expect(JSON.object(other).text == #"{"b":2}"#)
    }

    @Test("says where each element of a list lies, so that it can be kept as it came")
    func elements() throws {
        let text = "\u{FEFF} [ {\"a\" : 1.50} ,[],\"x\\u0041\", null\n] "
        let bytes = Array(text.utf8)
        let elements = try #require(try bytes.withUnsafeBufferPointer { try JSONParser.parseElements($0) })
        #expect(elements.map { String(decoding: bytes[$0.range], as: UTF8.self) } == ["{\"a\" : 1.50}", "[]", "\"x\\u0041\"", "null"])
        #expect(elements.map(\.value) == [["a": 1.5], [], "xA", nil])
        func parse(_ text: String) throws -> Int? {
            try Array(text.utf8).withUnsafeBufferPointer { buffer throws(JSONSyntaxError) in try JSONParser.parseElements(buffer)?.count }
        }
        #expect(try parse("[]") == 0)
        #expect(try parse("{}") == nil)
        #expect(try parse("") == nil)
        for wrong in ["[", "[1", "[1,", "[1,]", "[1]x", "[1][2]", "[}"] { #expect(throws: JSONSyntaxError.self) { try parse(wrong) } }
    }

    @Test("says at which byte it stopped")
    func offsets() {
        for (text, offset) in [("[1,x]", 3), ("{\"a\":tru}", 5), ("[1] 2", 4), ("[01]", 1)] {
            let error = #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(text) }
            #expect(error?.offset == offset, "\(text)")
        }
    }
}
