import HTTPTypes
import Hummingbird
import Shared

/// The forms in which events are taken.
enum EventForm: Sendable, Equatable {
    /// `application/cloudevents+json`, `application/cloudevents-batch+json` or `application/json`: one event, or an array of them.
    case json
    /// `application/x-ndjson`: one event a line, streamed.
    case ndjson

    /// Reads `Content-Type` and `Content-Encoding`.
    /// - Throws: `Problem` 415 for anything else.
    init(_ headers: HTTPFields) throws {
        let form: EventForm? =
            switch MediaType.essence(headers[.contentType]) {
            case "application/json", "application/cloudevents+json", "application/cloudevents-batch+json": .json
            case "application/x-ndjson": .ndjson
            default: nil
            }
        guard let form else {
            throw Problem.unsupportedMedia(
                "Taken are application/cloudevents+json, application/cloudevents-batch+json, application/json and application/x-ndjson."
            )
        }
        try MediaType.requireUTF8(headers)
        self = form
    }
}

enum MediaType {
    /// `Application/JSON; charset=utf-8` → `application/json`.
    static func essence(_ contentType: String?) -> String? {
        // What nearly everybody sends, without taking it apart.
        if contentType == "application/json" { return contentType }
        guard let head = contentType?.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false).first else { return nil }
        return head.filter { !$0.isWhitespace }.lowercased()
    }

    /// - Throws: `Problem` 415 for a body that is compressed or says that it is in another character set.
    static func requireUTF8(_ headers: HTTPFields) throws {
        if let encoding = headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw Problem.unsupportedMedia("Compressed bodies are not taken.")
        }
        guard let contentType = headers[.contentType], contentType.utf8.contains(UInt8(ascii: ";")) else { return }
        for parameter in contentType.split(separator: ";").dropFirst() {
            let text = parameter.filter { !$0.isWhitespace && $0 != "\"" }.lowercased()
            if text.hasPrefix("charset="), text != "charset=utf-8" { throw Problem.unsupportedMedia("Only UTF-8 is read here.") }
        }
    }
}

extension Problem {
    static func unsupportedMedia(_ detail: String) -> Problem {
        Problem(415, "unsupported_media_type", "This kind of body is not taken here", detail: detail)
    }
}
