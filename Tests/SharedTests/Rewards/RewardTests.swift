import Shared
import Testing

@Suite("Rewards")
struct RewardTests {
    private func reward(_ json: JSON) -> (Reward?, [String]) {
        let issues = FieldIssues()
        let reward = Reward(FieldReader(body: json, issues: issues))
        return (reward, issues.issues.map { "\($0.pointer) \($0.code)" })
    }

    @Test("each kind is read, and writes itself as it was read")
    func kinds() throws {
        let wanted: [(JSON, Reward)] = [
            (["kind": "fixed", "amount": 1_000], .discount(.fixed(amount: 1_000, currency: nil))),
            (["kind": "fixed", "amount": 500, "currency": "JPY"], .discount(.fixed(amount: 500, currency: Currency("JPY")))),
            (["kind": "percent", "percent": 12.5, "maximum": 3_000], .discount(.percent(basisPoints: 1_250, maximum: 3_000))),
            (["kind": "percent", "percent": 100], .discount(.percent(basisPoints: 10_000, maximum: nil))),
            (["kind": "free_shipping"], .discount(.freeShipping)), (["kind": "points", "points": 50], .points(50)),
        ]
        for (json, expected) in wanted {
            #expect(reward(json).0 == expected)
            #expect(reward(expected.json).0 == expected)
        }
    }

    @Test(
        "what is no reward is named",
        arguments: [
            (["kind": "cash"], "/kind invalid"), (["kind": "fixed"], "/amount missing"), (["kind": "fixed", "amount": 0], "/amount out_of_range"),
            (["kind": "percent", "percent": 100.5], "/percent out_of_range"), (["kind": "percent", "percent": 12.345], "/percent too_precise"),
            (["kind": "points", "points": 0], "/points out_of_range"), (["kind": "points", "points": 5, "amount": 5], "/amount unknown_field"),
            (["kind": "free_shipping", "maximum": 1], "/maximum unknown_field"),
        ] as [(JSON, String)])
    func refused(json: JSON, issue: String) {
        let (value, issues) = reward(json)
        #expect(issues.contains(issue), "\(issues)")
        #expect(value == nil || !issues.isEmpty)
    }

    @Test("a grant reads what it writes")
    func grant() throws {
        let grant = Grant(
            key: "referral:1:advocate", customerID: "ada", email: nil, reward: .discount(.percent(basisPoints: 1_000, maximum: nil)),
            reason: "referral", name: "Thanks",
            terms: CouponTerms(minimumOrder: 4_000, firstOrderOnly: true, endsAt: Timestamp(rfc3339: "2026-03-01T09:00:00Z")),
            origin: JSONObject([.init(name: "referral_id", value: "1")]))
        let issues = FieldIssues()
        #expect(Grant(FieldReader(body: grant.json, issues: issues)) == grant)
        #expect(issues.isEmpty, "\(issues.issues)")
    }
}
