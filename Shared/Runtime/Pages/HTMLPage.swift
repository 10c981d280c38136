import HTTPTypes
import Hummingbird
public import Shared

/// A plain page for shoppers: no script, nothing loaded from elsewhere, readable without styles, in one language.
public struct HTMLPage: Sendable {
    /// A BCP 47 tag, such as `tr`.
    public var language: String
    /// Plain text.
    public var title: String
    /// Markup: everything in it that came from outside went through ``HTML/escape(_:)``.
    public var body: String

    public init(language: String, title: String, body: String) {
        self.language = language
        self.title = title
        self.body = body
    }

    public var html: String {
        """
        <!DOCTYPE html>
        <html lang="\(HTML.escape(language))">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>\(HTML.escape(title))</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        <main>
        \(body)
        </main>
        </body>
        </html>
        """
    }

    private static let style = """
        :root{color-scheme:light dark}*{box-sizing:border-box}\
        body{margin:0;padding:1.5rem 1rem;font:1.0625rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;background:Canvas;color:CanvasText}\
        main{max-width:38rem;margin:0 auto}h1{font-size:1.5rem;line-height:1.25}fieldset{border:0;padding:0;margin:0 0 1.75rem}\
        legend{font-weight:600;padding:0;margin-bottom:.5rem}label{display:block;padding:.375rem 0}.row label{display:inline-block;padding:.375rem .625rem .375rem 0}\
        input[type=text],input[type=email],input[type=tel],input[type=number],input[type=date],textarea{width:100%;font:inherit;padding:.5rem;border:1px solid GrayText;border-radius:.375rem;background:Field;color:FieldText}\
        button{font:inherit;font-weight:600;padding:.625rem 1.25rem;border:1px solid transparent;border-radius:.375rem;background:#1f5f46;color:#fff;cursor:pointer}\
        :focus-visible{outline:3px solid #1a6fd6;outline-offset:2px}.error{border-left:4px solid #b3261e;padding-left:.75rem}.note{font-size:.9375rem}
        """

    /// The page as an answer that no cache keeps, no other site frames, and that tells no other site where its reader came from.
    public func reply(_ status: HTTPResponse.Status = .ok) -> Reply {
        Reply(
            status, bytes: Array(html.utf8), contentType: "text/html; charset=utf-8",
            headers: [
                .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
                .cacheControl: "no-store", .xContentTypeOptions: "nosniff", Self.referrerPolicy: "no-referrer", Self.robots: "noindex",
            ])
    }

    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    private static let robots = HTTPField.Name("X-Robots-Tag")!
}

public enum HTML {
    /// Text as it may stand in an element or in a quoted attribute.
    public static func escape(_ text: String) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): output += Array("&amp;".utf8)
            case UInt8(ascii: "<"): output += Array("&lt;".utf8)
            case UInt8(ascii: ">"): output += Array("&gt;".utf8)
            case UInt8(ascii: "\""): output += Array("&quot;".utf8)
            case UInt8(ascii: "'"): output += Array("&#39;".utf8)
            default: output.append(byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

extension Request {
    /// The fields of a form (`application/x-www-form-urlencoded`), decoded, in their order; a name may come more than once. No body: none.
    public func form(limit: Int = 1 << 20) async throws -> [(name: String, value: String)] {
        let buffer = try await bytes(limit: limit)
        guard buffer.readableBytes > 0 else { return [] }
        if let type = headers[.contentType], !type.lowercased().hasPrefix("application/x-www-form-urlencoded") {
            throw Problem(415, "unsupported_media_type", "This content type is not read here", detail: "A form was expected.")
        }
        let items = String(decoding: buffer.readableBytesView, as: UTF8.self).formItems
        for item in items where item.name.utf8.contains(0) || item.value.utf8.contains(0) {
            throw Problem.invalid([.nul(at: .root / item.name.replacing("\0", with: ""))])
        }
        return items
    }

    /// The languages that the browser asks for, the most wanted first (RFC 9110, 12.5.4).
    public var acceptedLanguages: [String] {
        guard let header = headers[.acceptLanguage] else { return [] }
        let wishes = header.prefix(1_024).split(separator: ",").prefix(20).enumerated().compactMap { index, item -> (String, Double, Int)? in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let tag = parts.first, !tag.isEmpty, tag.utf8.allSatisfy({ $0 == 0x2D || Self.isAlphanumeric($0) }) else { return nil }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return quality > 0 ? (String(tag), quality, index) : nil
        }
        return wishes.sorted { ($0.1, $1.2) > ($1.1, $0.2) }.map(\.0)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
    }
}
