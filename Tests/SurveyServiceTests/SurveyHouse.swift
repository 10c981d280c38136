import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import SurveyService
import Synchronization

/// A survey-svc of its own, with short words for what its tests do.
struct SurveyHouse: Sendable {
    let test: TestHouse

    /// Runs `body` against a fresh house and puts it away again.
    static func with(_ body: (SurveyHouse) async throws -> Void) async throws {
        let house = SurveyHouse(test: try await TestHouse.start(SurveyService.definition))
        do {
            try await body(house)
        } catch {
            await house.test.stop()
            throw error
        }
        await house.test.stop()
    }

    static let storefront = Principal(kind: .publishable, keyID: "key_pk", scopes: ["surveys:respond"])

    static func shopper(_ customerID: String) -> Principal {
        Principal(kind: .publishable, keyID: "key_pk", scopes: ["surveys:respond"], customerID: customerID)
    }

    // MARK: - Surveys

    /// Makes a survey of these questions and publishes it; its id.
    func publish(_ questions: [JSON] = [nps], _ more: [String: JSON] = [:]) async throws -> String {
        let id = try await create(questions, more)
        let answer = try await test.post("/v1/surveys/\(id)/publish")
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
        return id
    }

    func create(_ questions: [JSON] = [nps], _ more: [String: JSON] = [:]) async throws -> String {
        let answer = try await test.post("/v1/surveys", definition(questions, more))
        guard answer.status == 201, let id = answer.json["id"]?.string else { throw Unexpected(answer: answer.text) }
        return id
    }

    func definition(_ questions: [JSON] = [nps], _ more: [String: JSON] = [:]) -> JSON {
        var object = JSONObject([.init(name: "name", value: "Asked"), .init(name: "questions", value: .array(questions))])
        for (name, value) in more { object[name] = value }
        return .object(object)
    }

    static let nps: JSON = ["id": "q1", "kind": "nps", "title": ["en": "Would you recommend us?", "tr": "Bizi önerir misiniz?"]]
    static let why: JSON = ["id": "q2", "kind": "text", "title": "Why?"]

    // MARK: - Answers

    func respond(
        _ survey: String, _ body: JSON, as principal: Principal = Principal(kind: .secret, keyID: "key_test")
    ) async throws -> TestHouse.Answer {
        try await test.request(.post, "/v1/surveys/\(survey)/responses", body: body.bytes, principal: principal)
    }

    func decide(_ body: JSON, as principal: Principal = storefront) async throws -> JSON {
        let answer = try await test.request(.post, "/v1/surveys/decide", body: body.bytes, principal: principal)
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
        return answer.json
    }

    @discardableResult
    func interact(_ survey: String, _ kind: String, visitor: String) async throws -> Int {
        let body: JSON = ["visitor_id": .string(visitor), "kind": .string(kind)]
        return try await test.request(.post, "/v1/surveys/\(survey)/interactions", body: body.bytes, principal: Self.storefront).status
    }

    func stats(_ survey: String) async throws -> JSON { try await test.get("/v1/surveys/\(survey)/stats").json }

    func responses(_ survey: String) async throws -> [JSON] {
        try await test.get("/v1/surveys/\(survey)/responses?limit=200").json["data"]?.array ?? []
    }

    // MARK: - Pages

    /// What a browser gets, with the cookie it was given before.
    func page(_ path: String, cookie: String? = nil, language: String? = nil) async throws -> TestHouse.Answer {
        try await test.request(.get, path, headers: Self.fields(cookie, language), principal: .visitor)
    }

    /// Sends a form.
    func send(_ path: String, _ fields: [(String, String)], cookie: String? = nil, language: String? = nil) async throws -> TestHouse.Answer
    {
        var headers = Self.fields(cookie, language)
        headers[.contentType] = "application/x-www-form-urlencoded"
        let body = fields.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }.joined(separator: "&")
        return try await test.request(.post, path, body: Array(body.utf8), headers: headers, principal: .visitor)
    }

    private static func fields(_ cookie: String?, _ language: String?) -> HTTPFields {
        var fields = HTTPFields()
        fields[.cookie] = cookie
        fields[.acceptLanguage] = language
        return fields
    }

    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.map { byte in
            let plain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            return plain ? String(UnicodeScalar(byte)) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }.joined()
    }
}

struct Unexpected: Error { let answer: String }

extension TestHouse.Answer {
    /// The signed field of the form on this page.
    var form: String { value(between: "name=\"form\" value=\"", "\"") }
    /// The cookie that this answer sets, as a browser sends it back.
    var cookie: String? { headers[.setCookie]?.split(separator: ";").first.map { String($0) } }

    func value(between start: String, _ end: String) -> String {
        guard let from = text.firstRange(of: start) else { return "" }
        let rest = text[from.upperBound...]
        return String(rest.firstRange(of: end).map { rest[..<$0.lowerBound] } ?? rest)
    }
}

// MARK: - Events as a store says them

private let eventNumber = Atomic<Int>(0)

/// An event with an id of its own; `at` in minutes after the tests' start of time.
func event(_ type: String, _ data: JSON, at minutes: Int64 = 0, source: String = "shop") -> CloudEvent {
    let number = eventNumber.wrappingAdd(1, ordering: .relaxed).newValue
    return CloudEvent(
        id: "event-\(number)", source: source, type: type, time: TestHouse.startOfTime.adding(seconds: minutes * 60), data: data)
}

func order(_ type: String, _ id: String, customer: String? = "c1", at minutes: Int64 = 0, _ more: [String: JSON] = [:]) -> CloudEvent {
    var data = JSONObject([.init(name: "order_id", value: .string(id))])
    if let customer { data["customer"] = ["id": .string(customer), "email": .string("\(customer)@example.com")] }
    for (name, value) in more { data[name] = value }
    return event(type, .object(data), at: minutes)
}
