import Foundation
import Shared
import Testing

@Suite("JSON, there and back") struct JSONRoundTripTests {
    private func value(_ random: inout Seeded, depth: Int) -> JSON {
        switch random.int(0...(depth > 0 ? 7 : 5)) {
        case 0: return .null
        case 1: return .bool(random.chance(2))
        case 2: return .int(random.chance(4) ? [Int64.max, .min, 0, -1][random.int(0...3)] : random.int64(.min ... .max))
        case 3:
            // A whole double is written as an integer and comes back as one; those are tried apart.
            let double = Double(bitPattern: random.next())
            return double.isFinite && double.rounded() != double ? .double(double) : .double(0.5)
        case 4, 5: return .string(random.text(random.int(0...20)))
        case 6: return .array((0..<random.int(0...5)).map { _ in value(&random, depth: depth - 1) })
        default:
            return .object(
                JSONObject(
                    (0..<random.int(0...5)).map { _ in .init(name: random.text(random.int(0...6)), value: value(&random, depth: depth - 1))
                    }))
        }
    }

    /// Equal to the last byte: `==` on strings takes composed and decomposed letters for the same.
    private func same(_ a: JSON, _ b: JSON) -> Bool {
        switch (a, b) {
        case (.string(let a), .string(let b)): Array(a.utf8) == Array(b.utf8)
        case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy(same)
        case (.object(let a), .object(let b)):
            a.members.count == b.members.count
                && zip(a.members, b.members).allSatisfy { Array($0.name.utf8) == Array($1.name.utf8) && same($0.value, $1.value) }
        default: a == b
        }
    }

    @Test("what is written is read as the same, members in their order")
    func roundTrip() throws {
        var random = Seeded()
        for _ in 0..<2_000 {
            let value = value(&random, depth: 5)
            let read = try JSONParser.parse(value.bytes)
            #expect(same(read, value), "\(random): \(value.text)")
            #expect(read.bytes == value.bytes, "\(random)")
        }
    }

    @Test("Foundation reads what is written, to the same values")
    func foundation() throws {
        var random = Seeded()
        for _ in 0..<300 {
            let value: JSON = [
                "s": .string(random.text(12)), "i": .int(random.int64(-1 << 53...1 << 53)),
                "d": .double(Double.random(in: -1e6...1e6, using: &random)),
            ]
            let read = try #require(try JSONSerialization.jsonObject(with: Data(value.bytes)) as? [String: Any])
            #expect((read["s"] as? String).map { Array($0.utf8) } == value["s"]?.string.map { Array($0.utf8) }, "\(random)")
            #expect((read["i"] as? NSNumber)?.int64Value == value["i"]?.int, "\(random)")
            // Foundation reads by way of Decimal and is off by the last bits.
            let double = try #require((read["d"] as? NSNumber)?.doubleValue)
            #expect(abs(double - (value["d"]?.double ?? .nan)) < 1e-9, "\(random)")
        }
    }

    @Test(
        "doubles without a fraction are written as whole numbers; what JSON cannot say is null",
        arguments: [
            (100.0, "100"), (-3, "-3"), (-0.0, "0"), (0.1, "0.1"), (1e15, "1000000000000000"), (.nan, "null"), (.infinity, "null"),
            (-.infinity, "null"),
        ] as [(Double, String)])
    func doubles(value: Double, text: String) {
        #expect(JSON.double(value).text == text)
    }

    @Test("large doubles come back as they were")
    func largeDoubles() throws {
        for value in [1e16, 1e300, -1.5e17, 9_007_199_254_740_992, Double.greatestFiniteMagnitude] {
            #expect(try JSONParser.parse(JSON.double(value).text).double == value)
        }
    }

    @Test("strings are escaped as little as allowed and as much as needed")
    func escapes() {
        #expect(JSON.string("a\"b\\c/d\n\r\t\u{8}\u{1F}\u{7F}é😀").text == #""a\"b\\c/d\n\r\t\u0008\u001f\u007fé😀""#)
        #expect((["\"": 1] as JSON).text == #"{"\"":1}"#)
    }

    @Test("garbage is refused or read, never a trap")
    func garbage() {
        var random = Seeded()
        let alphabet =
            Array(#"[]{}",:\u0123456789abcdefDEF+-.eE truefalsn/"#.utf8) + [0x00, 0x1F, 0x7F, 0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF, 0x0A]
        for _ in 0..<20_000 {
            let bytes = (0..<random.int(0...40)).map { _ in alphabet[random.int(0...alphabet.count - 1)] }
            guard let value = try? JSONParser.parse(bytes) else { continue }
            // What was taken can be written and taken again.
            #expect((try? JSONParser.parse(value.bytes)) != nil, "\(random): \(bytes)")
        }
        for _ in 0..<5_000 { _ = try? JSONParser.parse(random.bytes(random.int(0...60))) }
    }

    @Test("a good document cut off anywhere is refused; with one byte spoilt it is refused or read")
    func mutations() throws {
        var random = Seeded()
        let bytes = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",true,null],"b":{"c":"\\\""},"d":"ğüş"}"#.utf8)
        _ = try JSONParser.parse(bytes)
        for end in 0..<bytes.count { #expect(throws: JSONSyntaxError.self, "cut at \(end)") { try JSONParser.parse(Array(bytes[..<end])) } }
        for index in bytes.indices {
            for _ in 0..<40 {
                var spoilt = bytes
                spoilt[index] = UInt8.random(in: .min ... .max, using: &random)
                _ = try? JSONParser.parse(spoilt)
                _ = try? spoilt.withUnsafeBufferPointer { buffer throws(JSONSyntaxError) in try JSONParser.parseElements(buffer)?.count }
            }
        }
    }

    @Test("a path leads through members and elements, and ends in nil where there is none")
    func paths() throws {
        let value = try JSONParser.parse(#"{"a":[{"b":"x"}],"0":"zero"}"#)
        #expect(value.at("a", "0", "b") == "x")
        #expect(value.at("0") == "zero")
        #expect(value.at("a", "1", "b") == nil)
        #expect(value.at("a", "-1") == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value.at("a", "b") == nil)
        #expect(value.at() == value)
    }
}
