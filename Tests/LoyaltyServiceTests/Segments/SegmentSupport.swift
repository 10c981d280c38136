import Shared
import SharedTesting

extension LoyaltyHouse {
    /// Makes a segment, has everybody asked, and answers its id.
    func addSegment(_ rule: JSON, name: String = "some") async throws -> String {
        let answer = try await test.post("/v1/segments", ["name": .string(name), "rule": rule])
        guard answer.status == 201, let id = answer.json["id"]?.string else { throw Unexpected(answer: answer.text) }
        try await test.runDueTimers()
        return id
    }

    func segment(_ id: String) async throws -> JSON { try await test.get("/v1/segments/\(id)").json }

    func members(_ id: String) async throws -> [String] {
        let answer = try await test.get("/v1/segments/\(id)/members?limit=200")
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
        return answer.json["data"]?.array?.compactMap { $0["customer_id"]?.string } ?? []
    }

    func preview(_ rule: JSON) async throws -> JSON {
        let answer = try await test.post("/v1/segments/preview", ["rule": rule])
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
        return answer.json
    }

    /// What was said of one kind: `customer cause`.
    func moves(_ type: String) async throws -> [String] {
        try await test.said(type).map { "\($0.data["customer_id"]?.string ?? "") \($0.data["cause"]?.string ?? "")" }
    }

    /// Whom `segment.recomputed` named: `+customer` and `-customer`.
    func recomputed(_ cause: String) async throws -> [String] {
        try await test.said("segment.recomputed").filter { $0.data["cause"]?.string == cause }.flatMap { event in
            (event.data["entered"]?.array?.compactMap(\.string) ?? []).map { "+\($0)" }
                + (event.data["left"]?.array?.compactMap(\.string) ?? []).map { "-\($0)" }
        }
    }
}

/// A customer as the store says it.
func customer(_ id: String, at minutes: Int64 = 0, _ more: [String: JSON] = [:]) -> CloudEvent {
    var object = JSONObject([.init(name: "id", value: .string(id))])
    for (name, value) in more { object[name] = value }
    return event("customer.updated", ["customer": .object(object)], at: minutes)
}
