import Shared
import SharedRuntime

/// What the other services' events order: `grants` to give, `revokes` to take back. Events of anybody else order nothing.
struct GrantEvents: Sendable {
    let grants: Grants

    /// More orders than one event has reason for.
    static let most = 100

    func apply(_ event: CloudEvent, _ change: Change) throws {
        // The gateway lets nobody outside speak in this name.
        guard event.source.utf8.starts(with: "vefa/".utf8) else { return }
        for order in event.data["grants"]?.array?.prefix(Self.most) ?? [] { try give(order, change) }
        for key in event.data["revokes"]?.array?.prefix(Self.most) ?? [] {
            if let key = key.string { try grants.revoke(key, change) }
        }
    }

    /// An order that cannot be read is refused by name, so that whoever gave it hears of it; the others of the event are carried out.
    private func give(_ order: JSON, _ change: Change) throws {
        let issues = FieldIssues()
        if let grant = Grant(FieldReader(body: order, issues: issues, strict: false)) {
            _ = try grants.give(grant, change)
        } else if let refusal = GrantOutcome(unreadable: order, issues) {
            try Grants.say(Grants.refused, refusal, customerID: order["customer_id"]?.string, change)
        }
    }
}

extension GrantOutcome {
    /// The refusal of an order that cannot be read; nil where not even its key can. It is not kept: the key is still free for a right one.
    init?(unreadable order: JSON, _ issues: FieldIssues) {
        guard let key = order["key"]?.string, !key.isEmpty, key.utf8.count <= Grant.maximumKeyLength else { return nil }
        self.init(
            key: key, state: .refused, reason: order["reason"]?.string ?? "", origin: order["origin"]?.object ?? JSONObject(),
            code: "invalid",
            detail: issues.issues.first.map { "\($0.pointer): \($0.detail)" })
    }
}
