import Shared
import SharedRuntime
import SharedTesting

extension LoyaltyHouse {
    /// Makes an offer and answers its id.
    @discardableResult
    func addOffer(_ kind: String, _ more: [String: JSON] = [:]) async throws -> String {
        let answer = try await test.post("/v1/loyalty/offers", offerBody(kind, more))
        guard answer.status == 201, let id = answer.json["id"]?.string else { throw Unexpected(answer: answer.text) }
        return id
    }

    func offer(_ id: String) async throws -> JSON { try await test.get("/v1/loyalty/offers/\(id)").json }

    func use(
        _ offer: String, _ order: String, _ cart: JSON = cart(), customer: JSON? = nil, more: [String: JSON] = [:]
    ) async throws
        -> TestHouse.Answer
    {
        var body = couponBody(order: order, cart: cart, customer: customer).object ?? JSONObject()
        for (name, value) in more { body[name] = value }
        return try await test.post("/v1/loyalty/offers/\(offer)/uses", .object(body))
    }

    func quote(_ cart: JSON = cart(), customer: JSON? = nil, more: [String: JSON] = [:]) async throws -> JSON {
        var body = couponBody(cart: cart, customer: customer).object ?? JSONObject()
        for (name, value) in more { body[name] = value }
        let answer = try await test.post("/v1/loyalty/quotes", .object(body))
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
        return answer.json
    }
}

func offerBody(_ kind: String, _ more: [String: JSON] = [:]) -> JSON {
    var object = JSONObject([.init(name: "name", value: "an offer"), .init(name: "kind", value: .string(kind))])
    for (name, value) in more { object[name] = value }
    return .object(object)
}

extension JSON {
    /// One of a quote's offers.
    func offer(_ id: String) -> JSON? { self["offers"]?.array?.first { $0["id"]?.string == id } }
}
