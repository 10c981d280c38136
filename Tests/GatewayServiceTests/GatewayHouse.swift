import Foundation
import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting

@testable import GatewayService

/// A gateway in this process, without services behind it, called with its first key.
struct GatewayHouse: Sendable {
    static let key = "sk_test_0123456789abcdefghijklmnopqrstuvwxyzABCD"

    let test: TestHouse

    /// `routes` in the place of the table's; `folder` of an earlier gateway opens its store again.
    static func start(
        _ environment: [String: String] = [:], routes: [PublicRoute] = RouteTable.all, folder: URL? = nil
    ) async throws -> GatewayHouse {
        var values = ["VEFA_BOOTSTRAP_SECRET_KEY": key]
        // Nobody listens there.
        for service in ["LOYALTY", "REFERRAL", "MESSAGING", "SURVEY"] { values["VEFA_\(service)_URL"] = "http://127.0.0.1:9" }
        values.merge(environment) { $1 }
        return GatewayHouse(test: try await TestHouse.start(GatewayService.definition(routes: routes), environment: values, folder: folder))
    }

    func call(
        _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8] = [], type: String? = nil, headers: HTTPFields = [:],
        key: String? = key
    ) async throws -> TestHouse.Answer {
        var fields = headers
        if let key { fields[.authorization] = "Bearer \(key)" }
        if let type { fields[.contentType] = type }
        return try await test.request(method, path, body: body, headers: fields, principal: nil)
    }

    func get(_ path: String, key: String? = key) async throws -> TestHouse.Answer { try await call(.get, path, key: key) }

    func post(_ path: String, _ json: JSON, headers: HTTPFields = [:], key: String? = key) async throws -> TestHouse.Answer {
        try await call(.post, path, json.bytes, headers: headers, key: key)
    }

    func put(_ path: String, _ json: JSON, headers: HTTPFields = [:], key: String? = key) async throws -> TestHouse.Answer {
        try await call(.put, path, json.bytes, headers: headers, key: key)
    }

    /// The ids of everything in the journal, in its order.
    func journal() async throws -> [String] { try await test.said().map(\.id) }
}

/// Runs `body` against a fresh gateway and closes it whatever happens.
func withGateway(
    _ environment: [String: String] = [:], routes: [PublicRoute] = RouteTable.all, _ body: (GatewayHouse) async throws -> Void
) async throws {
    let gateway = try await GatewayHouse.start(environment, routes: routes)
    do {
        try await body(gateway)
    } catch {
        await gateway.test.stop()
        throw error
    }
    await gateway.test.stop()
}

/// An event in JSON, good unless a test spoils it.
func event(_ id: String, type: String = "custom.seen", source: String = "shop", data: JSON = [:], extra: JSON = [:]) -> JSON {
    var object = JSONObject([
        .init(name: "specversion", value: "1.0"), .init(name: "id", value: .string(id)), .init(name: "source", value: .string(source)),
        .init(name: "type", value: .string(type)), .init(name: "time", value: "2026-03-01T08:00:00Z"), .init(name: "data", value: data),
    ])
    for member in extra.object?.members ?? [] { object[member.name] = member.value }
    return .object(object)
}

func order(_ id: String, total: JSON = 1000, extra: JSON = [:]) -> JSON {
    var object = JSONObject([
        .init(name: "order_id", value: .string(id)), .init(name: "currency", value: "TRY"), .init(name: "total", value: total),
        .init(name: "customer", value: ["id": "c1", "email": "c1@example.com"]),
        .init(name: "items", value: [["line_id": "1", "quantity": 1, "unit_price": 1000]]),
    ])
    for member in extra.object?.members ?? [] { object[member.name] = member.value }
    return .object(object)
}
