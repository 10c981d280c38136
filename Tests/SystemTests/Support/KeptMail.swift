/// An `.eml` file, read as a mail reader would: enough of RFC 5322 and MIME for what Vefa writes, without its code.
struct KeptMail: Sendable {
    let file: String
    /// By lower-cased name, unfolded.
    let headers: [String: String]
    let text: String
    let html: String

    /// The address alone.
    var to: String {
        let field = headers["to"] ?? ""
        guard let open = field.lastIndex(of: "<") else { return field }
        return String(field[field.index(after: open)...].dropLast())
    }

    var subject: String { headers["subject"] ?? "" }
    /// With its angle brackets.
    var messageID: String { headers["message-id"] ?? "" }

    init(file: String, bytes: [UInt8]) {
        self.file = file
        let message = Self.split(String(decoding: bytes, as: UTF8.self))
        headers = message.headers
        var parts: [String: String] = [:]
        if let boundary = message.headers["content-type"]?.split(separator: "boundary=\"").last?.prefix(while: { $0 != "\"" }) {
            for text in message.body.split(separator: "--\(boundary)\r\n") {
                let part = Self.split(String(text.split(separator: "\r\n--\(boundary)").first ?? ""))
                let type = part.headers["content-type"]?.prefix { $0 != ";" } ?? ""
                parts[String(type)] = Self.decode(part.body)
            }
        }
        text = parts["text/plain"] ?? ""
        html = parts["text/html"] ?? ""
    }

    private static func split(_ text: String) -> (headers: [String: String], body: String) {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return ([:], text) }
        var headers: [String: String] = [:]
        var name = ""
        for line in text[..<end.lowerBound].split(separator: "\r\n") {
            if line.first == " " || line.first == "\t" {
                headers[name, default: ""] += " " + line.drop { $0 == " " || $0 == "\t" }
            } else if let colon = line.firstIndex(of: ":") {
                name = line[..<colon].lowercased()
                headers[name] = String(line[line.index(after: colon)...].drop { $0 == " " })
            }
        }
        return (headers, String(text[end.upperBound...]))
    }

    /// Quoted-printable, which is all that Vefa writes.
    private static func decode(_ body: String) -> String {
        var output: [UInt8] = []
        var bytes = Array(body.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "=") else {
                output.append(byte)
                continue
            }
            let code = bytes.prefix(2)
            bytes = bytes.dropFirst(2)
            if let value = UInt8(String(decoding: code, as: UTF8.self), radix: 16) { output.append(value) }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
