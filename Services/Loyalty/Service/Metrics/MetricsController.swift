import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime

/// `/v1/metrics`: the merchant's figures.
struct MetricsController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/metrics/retention", use: retention)
    }

    @Sendable private func retention(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        var issues: [FieldIssue] = []
        func wrong(_ name: String, _ code: String, _ detail: String) {
            issues.append(FieldIssue(pointer: "?\(name)", code: code, detail: detail))
        }
        func time(_ name: String) -> Timestamp? {
            guard let text = request.query(name) else { return nil }
            // In a query a plus sign may have been read as a space.
            if let time = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text.split(separator: " ").joined(separator: "+")) { return time }
            if let date = CivilDate(text) { return Timestamp(milliseconds: Int64(date.daysSinceEpoch) * 86_400_000) }
            wrong(name, "invalid_time", "an RFC 3339 time was expected, such as 2026-03-01T00:00:00Z")
            return nil
        }
        let from = time("from")
        let to = time("to")
        if let from, let to, to < from { wrong("to", "out_of_range", "must not be before from") }
        let asked = request.query("currency")
        let currency = asked.flatMap { Currency($0.uppercased()) }
        if asked != nil, currency == nil { wrong("currency", "unknown_currency", "an ISO 4217 code was expected, such as TRY") }
        let segment = request.query("segment")
        if let segment, try await !house.read({ try SegmentMembership.exists(segment, $0) }) {
            wrong("segment", "unknown_segment", "there is no such segment")
        }
        if !issues.isEmpty { throw Problem.invalid(issues) }
        let answer = try await house.read { db in
            let chosen = try currency ?? catalogues.current(db).programme.currency
            let figures =
                try chosen.map { try RetentionQuery.run(from: from, to: to, currency: $0, segment: segment, db) } ?? RetentionFigures()
            return figures.json(from: from, to: to, currency: chosen, segment: segment)
        }
        return Reply(.ok, answer)
    }
}
