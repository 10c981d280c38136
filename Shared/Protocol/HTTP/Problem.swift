/// An answer that says what is wrong (RFC 9457). `code` is stable and snake_case; `detail` is for people; neither names a secret, a path or SQL.
public struct Problem: Error, Sendable, Equatable {
    public var status: Int
    public var code: String
    public var title: String
    public var detail: String?
    public var errors: [FieldIssue]
    /// Seconds after which to try again (`Retry-After`), with 429 and 503.
    public var retryAfter: Int?
    /// More members of the answer, by name.
    public var extensions: JSONObject

    public init(
        _ status: Int, _ code: String, _ title: String, detail: String? = nil, errors: [FieldIssue] = [], retryAfter: Int? = nil,
        extensions: JSONObject = JSONObject()
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = errors
        self.retryAfter = retryAfter
        self.extensions = extensions
    }

    public func json(instance: String? = nil) -> JSON {
        var members: [JSONObject.Member] = [
            .init(name: "type", value: .string("urn:vefa:problem:\(code)")),
            .init(name: "title", value: .string(title)),
            .init(name: "status", value: .int(Int64(status))),
        ]
        if let detail { members.append(.init(name: "detail", value: .string(detail))) }
        if let instance { members.append(.init(name: "instance", value: .string(instance))) }
        members.append(.init(name: "code", value: .string(code)))
        if !errors.isEmpty { members.append(.init(name: "errors", value: .array(errors.map(\.json)))) }
        members.append(contentsOf: extensions.members)
        return .object(JSONObject(members))
    }
}

extension Problem {
    /// 400: the text could not be read at all.
    public static func malformed(_ detail: String) -> Problem { Problem(400, "malformed", "The request could not be read", detail: detail) }

    /// 422: understood, but wrong, field by field.
    public static func invalid(_ issues: [FieldIssue]) -> Problem {
        Problem(422, "invalid", "The request was understood but is wrong", detail: issues.first.map { "\($0.pointer): \($0.detail)" }, errors: issues)
    }

    /// 422 for one field.
    public static func invalid(_ pointer: String, _ code: String, _ detail: String) -> Problem {
        .invalid([FieldIssue(pointer: pointer, code: code, detail: detail)])
    }

    public static func unauthorized(_ detail: String, code: String = "unauthorized") -> Problem {
        Problem(401, code, "Who is calling is not known", detail: detail)
    }

    public static func forbidden(_ detail: String, code: String = "forbidden") -> Problem { Problem(403, code, "Not allowed", detail: detail) }

    public static func notFound(_ what: String) -> Problem { Problem(404, "not_found", "Not found", detail: "There is no \(what).") }

    /// 409: right in itself, but not in this state.
    public static func conflict(_ code: String, _ detail: String) -> Problem { Problem(409, code, "Not possible in the present state", detail: detail) }

    /// 422 for a rule of the domain rather than a field.
    public static func refused(_ code: String, _ detail: String) -> Problem { Problem(422, code, "Refused", detail: detail) }

    public static func tooLarge(limit: Int) -> Problem {
        Problem(413, "too_large", "The body is too large", detail: "At most \(limit) bytes are accepted here.")
    }

    public static func unavailable(_ detail: String, code: String = "unavailable", retryAfter: Int = 1) -> Problem {
        Problem(503, code, "Not possible just now", detail: detail, retryAfter: retryAfter)
    }

    public static let internalError = Problem(500, "internal", "Something went wrong here", detail: "The failure was logged with this request's id.")
}

extension FieldIssues {
    /// Throws a 422 that names everything noted.
    public func throwIfAny() throws {
        if !isEmpty { throw Problem.invalid(issues) }
    }
}
