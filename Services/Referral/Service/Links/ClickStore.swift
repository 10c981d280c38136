import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// Who followed an advocate's link: a keyed hash for an hour's visits of one browser, kept for thirty days.
enum ClickStore {
    static let forgetting = "referral.forget_clicks"
    private static let lifetimeDays: Int64 = 30

    /// One visitor's mark on one code within one hour. It cannot be led back to an address without the key, and says nothing of the next hour.
    static func mark(_ code: ReferralCode, address: String, agent: String, at now: Timestamp, links: LinkSigner) -> String {
        let hour = now.milliseconds.floorDivided(by: 3_600_000)
        let token = links.token("referral click", [.string(code.text), .string(address), .string(String(agent.prefix(512))), .int(hour)])
        return token.split(separator: ".").last.map(String.init) ?? ""
    }

    static func isKnown(_ code: ReferralCode, _ mark: String, _ db: SQLConnection) throws -> Bool {
        try db.exists("SELECT 1 FROM clicks WHERE code = \(code.text) AND visitor = \(mark)")
    }

    /// Counts a click, once for its mark, and says so.
    static func count(_ owner: CodeOwner, _ mark: String, _ change: Change) throws {
        let rows = try change.db.execute(
            "INSERT INTO clicks (code, visitor, clicked_at) VALUES (\(owner.code.text), \(mark), \(change.now)) ON CONFLICT (code, visitor) DO NOTHING"
        )
        guard rows > 0 else { return }
        try change.db.execute("UPDATE referral_codes SET clicks = clicks + 1 WHERE code = \(owner.code.text)")
        try change.emit(
            "referral.clicked", subject: owner.advocateID,
            data: [
                "code": .string(owner.code.text), "program_id": .string(owner.programmeID), "customer_id": .string(owner.advocateID),
                "advocate_id": .string(owner.advocateID),
            ])
        let day = change.now.milliseconds.floorDivided(by: 86_400_000)
        let end = Timestamp(milliseconds: (day + 1) * 86_400_000).adding(days: lifetimeDays)
        // Written once a day: every click of every code would wait for this row otherwise.
        if try !change.isScheduled(forgetting, key: String(day)) { try change.schedule(forgetting, key: String(day), at: end) }
    }

    static func forget(_ timer: DueTimer, _ change: Change) throws {
        try change.db.execute("DELETE FROM clicks WHERE clicked_at < \(change.now.adding(days: -lifetimeDays))")
    }
}
