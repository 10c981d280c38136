/// Why a text is not JSON, with the byte where it stopped making sense.
public struct JSONSyntaxError: Error, Sendable, CustomStringConvertible {
    public let offset: Int
    public let reason: String
    public var description: String { "\(reason) at byte \(offset)" }
}

/// A strict RFC 8259 parser over bytes. It exists because events need what Foundation's decoder does not give: integers kept exact,
/// member order, byte ranges of array elements, a depth limit, lone surrogates refused, and a few microseconds for an order.
public struct JSONParser {
    /// How deep a document from outside may nest.
    public static let maximumDepth = 64
    /// How deep what we wrote ourselves may nest. Deeper than ``maximumDepth``: what was taken in at its limit is kept inside batches and
    /// records of ours, and must be readable there.
    public static let ownDepth = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private let depthLimit: Int
    private var index = 0
    private var depth = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>, depthLimit: Int = maximumDepth) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    public static func parse(_ text: String, depthLimit: Int = maximumDepth) throws(JSONSyntaxError) -> JSON {
        try parse(Array(text.utf8), depthLimit: depthLimit)
    }

    public static func parse(_ bytes: [UInt8], depthLimit: Int = maximumDepth) throws(JSONSyntaxError) -> JSON {
        let result: Result<JSON, JSONSyntaxError> = bytes.withUnsafeBufferPointer { buffer in
            do throws(JSONSyntaxError) { return .success(try parse(buffer, depthLimit: depthLimit)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Parses one whole document; anything but white space after it is an error.
    public static func parse(_ bytes: UnsafeBufferPointer<UInt8>, depthLimit: Int = maximumDepth) throws(JSONSyntaxError) -> JSON {
        var parser = JSONParser(bytes, depthLimit: depthLimit)
        parser.skipByteOrderMark()
        parser.skipWhitespace()
        let value = try parser.value()
        try parser.end()
        return value
    }

    /// Parses a document whose top level is an array and says where each element's own text lies, so that it can be kept as it came.
    /// Answers nil when the top level is something else.
    public static func parseElements(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(JSONSyntaxError) -> [(value: JSON, range: Range<Int>)]? {
        var elements: [(value: JSON, range: Range<Int>)] = []
        return try eachElement(bytes) { elements.append(($0, $1)) } ? elements : nil
    }

    /// The same, one element at a time, so that only one of them is in memory. False when the top level is no array. Elements before a syntax
    /// error have been handed over when it is thrown.
    public static func eachElement(
        _ bytes: UnsafeBufferPointer<UInt8>, _ body: (JSON, Range<Int>) -> Void
    ) throws(JSONSyntaxError) -> Bool {
        var parser = JSONParser(bytes, depthLimit: maximumDepth)
        parser.skipByteOrderMark()
        parser.skipWhitespace()
        guard parser.peek == UInt8(ascii: "[") else { return false }
        parser.index += 1
        parser.depth = 1
        parser.skipWhitespace()
        if parser.peek == UInt8(ascii: "]") {
            parser.index += 1
        } else {
            while true {
                parser.skipWhitespace()
                let start = parser.index
                let value = try parser.value()
                body(value, start..<parser.index)
                parser.skipWhitespace()
                if try parser.separator(closing: UInt8(ascii: "]")) { break }
            }
        }
        try parser.end()
        return true
    }

    // MARK: - Grammar

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func failure(_ reason: String, at offset: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(offset: offset ?? index, reason: reason)
    }

    private mutating func skipByteOrderMark() {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { index = 3 }
    }

    @inline(__always)
    private mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }

    private mutating func end() throws(JSONSyntaxError) {
        skipWhitespace()
        if index != bytes.count { throw failure("unexpected text after the document") }
    }

    private mutating func value() throws(JSONSyntaxError) -> JSON {
        guard let byte = peek else { throw failure("unexpected end") }
        switch byte {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("unexpected character")
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        let count = text.utf8CodeUnitCount
        guard index + count <= bytes.count else { throw failure("unexpected end") }
        for offset in 0..<count where bytes[index + offset] != text.utf8Start[offset] { throw failure("unknown literal") }
        index += count
        return value
    }

    private mutating func object() throws(JSONSyntaxError) -> JSON {
        try enter()
        var members: [JSONObject.Member] = []
        skipWhitespace()
        if peek == UInt8(ascii: "}") {
            index += 1
        } else {
            members.reserveCapacity(8)
            while true {
                skipWhitespace()
                guard peek == UInt8(ascii: "\"") else { throw failure("a member name in quotes was expected") }
                let name = try string()
                skipWhitespace()
                guard peek == UInt8(ascii: ":") else { throw failure("a colon was expected") }
                index += 1
                skipWhitespace()
                members.append(JSONObject.Member(name: name, value: try value()))
                skipWhitespace()
                if try separator(closing: UInt8(ascii: "}")) { break }
            }
        }
        depth -= 1
        return .object(JSONObject(members))
    }

    private mutating func array() throws(JSONSyntaxError) -> JSON {
        try enter()
        var items: [JSON] = []
        skipWhitespace()
        if peek == UInt8(ascii: "]") {
            index += 1
        } else {
            while true {
                skipWhitespace()
                items.append(try value())
                skipWhitespace()
                if try separator(closing: UInt8(ascii: "]")) { break }
            }
        }
        depth -= 1
        return .array(items)
    }

    private mutating func enter() throws(JSONSyntaxError) {
        index += 1
        depth += 1
        if depth > depthLimit { throw failure("nested deeper than \(depthLimit) levels") }
    }

    /// True at the closing bracket, false after a comma.
    private mutating func separator(closing: UInt8) throws(JSONSyntaxError) -> Bool {
        guard let byte = peek else { throw failure("unexpected end") }
        guard byte == closing || byte == UInt8(ascii: ",") else { throw failure("a comma or a closing bracket was expected") }
        index += 1
        return byte == closing
    }

    private mutating func number() throws(JSONSyntaxError) -> JSON {
        let start = index
        let negative = bytes[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        var magnitude: UInt64 = 0
        var overflow = false
        let firstDigit = index
        while let byte = peek, byte >= 0x30, byte <= 0x39 {
            let (product, tooBig) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, over) = product.addingReportingOverflow(UInt64(byte - 0x30))
            overflow = overflow || tooBig || over
            magnitude = sum
            index += 1
        }
        guard index > firstDigit else { throw failure("a digit was expected") }
        if index - firstDigit > 1, bytes[firstDigit] == 0x30 { throw failure("a number may not begin with zero", at: start) }
        var isInteger = true
        if peek == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            try digits()
        }
        if let byte = peek, byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            isInteger = false
            index += 1
            if let sign = peek, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        if isInteger, !overflow {
            if negative, magnitude <= UInt64(Int64.max) + 1 {
                return .int(magnitude == UInt64(Int64.max) + 1 ? Int64.min : -Int64(magnitude))
            }
            if !negative, magnitude <= UInt64(Int64.max) { return .int(Int64(magnitude)) }
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<index]), as: UTF8.self)
        guard let double = Double(text), double.isFinite else { throw failure("a number out of range", at: start) }
        return .double(double)
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = index
        while let byte = peek, byte >= 0x30, byte <= 0x39 { index += 1 }
        if index == start { throw failure("a digit was expected") }
    }

    // MARK: - Strings

    private mutating func string() throws(JSONSyntaxError) -> String {
        index += 1
        let start = index
        var isASCII = true
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                let slice = UnsafeBufferPointer(rebasing: bytes[start..<index])
                index += 1
                // Most strings are ASCII, which needs no validating; that path is several times faster.
                if isASCII { return String(decoding: slice, as: UTF8.self) }
                guard let text = String(validating: slice, as: UTF8.self) else { throw failure("invalid UTF-8", at: start) }
                return text
            }
            isASCII = isASCII && byte < 0x80
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            if byte < 0x20 { throw failure("a control character in a string") }
            index += 1
        }
        throw failure("a string without an end", at: start)
    }

    private mutating func escapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var decoded = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: decoded, as: UTF8.self) else { throw failure("invalid UTF-8", at: start) }
                return text
            case UInt8(ascii: "\\"):
                try escape(into: &decoded)
            case 0..<0x20:
                throw failure("a control character in a string", at: index - 1)
            default:
                decoded.append(byte)
            }
        }
        throw failure("a string without an end", at: start)
    }

    private mutating func escape(into decoded: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = peek else { throw failure("unexpected end") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            var code = UInt32(try hexadecimal())
            if (0xD800..<0xDC00).contains(code) {
                guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
                    throw failure("a lone surrogate")
                }
                index += 2
                let low = UInt32(try hexadecimal())
                guard (0xDC00..<0xE000).contains(low) else { throw failure("a lone surrogate") }
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("a lone surrogate") }
            decoded.append(contentsOf: Array(String(Character(scalar)).utf8))
        default:
            throw failure("an unknown escape", at: index - 1)
        }
    }

    private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt16 {
        guard index + 4 <= bytes.count else { throw failure("unexpected end") }
        var code: UInt16 = 0
        for _ in 0..<4 {
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: throw failure("four hexadecimal digits were expected")
            }
            code = code << 4 | UInt16(digit)
            index += 1
        }
        return code
    }
}
