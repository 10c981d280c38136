import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("Customer 360", .serialized)
struct OverviewTests {
    @Test("parts are merged, parts that nobody has are null, and who is missing is named")
    func merge() {
        let overview = OverviewController.merge([
            .loyalty: ["profile": ["id": "c1"], "orders": ["count": 1], "loyalty": ["balance": 10], "surprise": 1],
            .referral: ["referral": nil], .survey: ["surveys": [], "reviews": []],
        ])
        #expect(overview["profile"] == ["id": "c1"])
        #expect(overview["messaging"] == .null)
        #expect(overview["coupons"] == .null)
        #expect(overview["surprise"] == nil)
        #expect(overview["partial"] == ["messaging"])
        #expect(
            overview.object?.members.map(\.name) == [
                "profile", "orders", "loyalty", "coupons", "referral", "messaging", "surveys", "reviews", "conversations", "segments",
                "partial",
            ])
    }

    @Test("with every service down the answer still comes, and so does not-ready")
    func down() async throws {
        try await withGateway { gateway in
            let answer = try await gateway.get("/v1/customers/c1/overview")
            #expect(answer.status == 200)
            #expect(answer.json["partial"] == ["loyalty", "referral", "messaging", "survey"])
            let ready = try await gateway.get("/readyz", key: nil)
            #expect(ready.status == 503)
            #expect(ready.json["reasons"] == ["loyalty", "referral", "messaging", "survey"])
            #expect(try await gateway.get("/healthz", key: nil).status == 200)
        }
    }
}
