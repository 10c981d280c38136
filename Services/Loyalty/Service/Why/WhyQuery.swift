import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Finds what was decided about something, and says so; where nothing was decided, says why not.
struct WhyQuery {
    let member: CustomerRecord
    let catalogues: CatalogueCache
    let catalogue: Catalogue
    let db: SQLConnection

    private static let most = 20
    /// Decisions looked through for a rule's.
    private static let searched = 1_000

    private var memberID: String { member.account.memberID }

    /// The latest decisions, or those about an order, an event, a transaction or a rule.
    func answers(_ ref: String?) throws -> [JSON] {
        guard let ref else { return try TraceStore.latest(memberID, limit: Self.most, db).map(json) }
        if let record = try TraceStore.find(memberID, cause: "order:\(ref)", db) { return [try json(record)] }
        if ref.hasPrefix("txn_"), let found = try transaction(ref) { return found }
        if ref.hasPrefix("rule_"), let found = try rule(ref) { return found }
        let found = try TraceStore.find(memberID, ref: ref, limit: Self.most, db)
        if !found.isEmpty { return try found.map(json) }
        return [try order(ref) ?? nothing(ref, "unknown_ref", "No order, event, transaction or rule of this customer has this id.")]
    }

    // MARK: - Where nothing was decided

    private func nothing(_ ref: String, _ code: String, _ detail: String, at: Timestamp? = nil, points: Int64 = 0) -> JSON {
        [
            "at": .from(at), "cause": .null, "ref": .string(ref), "outcome": points > 0 ? "earned" : "none", "code": .string(code),
            "points": .int(points), "rules": [], "detail": .string(detail),
        ]
    }

    private func order(_ id: String) throws -> JSON? {
        guard let record = try OrderStore.find(id, db) else {
            let parked = try db.exists("SELECT 1 FROM inbox_parked WHERE waiting_for = \(OrderEvents.key(id))")
            guard parked else { return nil }
            return nothing(id, "unknown_order", "A refund or cancellation of this order came, and the order itself did not yet.")
        }
        let order = record.order
        let at = order.placedAt
        guard let owner = order.customerID else {
            return nothing(id, "unknown_customer", "The order names no customer, neither by id nor by e-mail.", at: at)
        }
        guard owner == member.customer.id else {
            guard Guest.isGuest(owner), order.emailKey != nil, order.emailKey == member.customer.emailKey else { return nil }
            return nothing(
                id, "guest_not_claimed",
                "The order was placed as a guest of this e-mail; its points are the guest's until they are claimed.", at: at)
        }
        if order.cancelledAt != nil { return nothing(id, "cancelled", "No points: the order was cancelled.", at: at) }
        if order.paidAt == nil { return nothing(id, "not_paid", "No points: the order is not paid.", at: at) }
        return nothing(id, "no_rules", "No points: there was no earning rule for orders when it was paid.", at: at)
    }

    private func transaction(_ id: String) throws -> [JSON]? {
        let entry = try db.first(
            "SELECT kind, cause, at, points, rule_id, note, order_id FROM ledger_entries WHERE member_id = \(memberID) AND entry_id = \(id)"
        ) { row in
            (
                kind: row.text(0), cause: row.text(1), at: row.time(2), points: row.int(3), ruleID: row.textOrNil(4),
                note: row.textOrNil(5),
                orderID: row.textOrNil(6)
            )
        }
        guard let entry else { return nil }
        if let ruleID = entry.ruleID {
            // `earn:<cause>:<rule>:<n>` and `claw:<cause>:<rule>:<n>:<account>`.
            let body = entry.cause.split(separator: ":", maxSplits: 1).last.map(String.init) ?? ""
            if let end = body.range(of: ":\(ruleID):") {
                let cause = String(body[..<end.lowerBound])
                let kept = cause.hasPrefix("milestone:") ? "milestone:\(memberID):progress" : cause
                if let record = try TraceStore.find(memberID, cause: kept, db) { return [try json(record)] }
            }
        }
        if let orderID = entry.orderID, let record = try TraceStore.find(memberID, cause: "order:\(orderID)", db) {
            return [try json(record)]
        }
        let words = entry.note.map { "\(entry.kind): \($0)" } ?? "\(entry.kind), by no rule"
        return [
            nothing(id, entry.kind, "\(entry.points) points \(words).", at: entry.at, points: entry.kind == "earned" ? entry.points : 0)
        ]
    }

    private func rule(_ id: String) throws -> [JSON]? {
        let found = try TraceStore.latest(memberID, limit: Self.searched, db)
            .filter { record in (record.last.entries + record.first.entries).contains { $0.ruleID == id } }
        if !found.isEmpty { return try found.prefix(Self.most).map(json) }
        if let rule = catalogue.rules.first(where: { $0.id == id }) {
            if rule.state == .paused { return [nothing(id, "rule_paused", "No points: the rule \(rule.name) is paused.")] }
            return [nothing(id, "never_asked", "No points: nothing happened yet that sets off the rule \(rule.name) (\(rule.trigger)).")]
        }
        let known = try db.exists("SELECT 1 FROM definitions WHERE kind = \(EarningRule.kind) AND definition_id = \(id)")
        guard known else { return nil }
        return [nothing(id, "rule_ended", "No points: the rule was ended.")]
    }

    // MARK: - What was decided

    private func json(_ record: TraceStore.Record) throws -> JSON {
        var object = try decision(record.last)
        object["at"] = .from(record.at)
        object["cause"] = .string(record.cause)
        object["detail"] = .string(try words(record.last, taken: record.first.points > record.last.points ? record.first.points : nil))
        if record.isSettledAgain {
            var first = try decision(record.first)
            first["at"] = .from(record.firstAt)
            object["first"] = .object(first)
        } else {
            object["first"] = .null
        }
        return .object(object)
    }

    private func decision(_ trace: Trace) throws -> JSONObject {
        let basis = trace.basis.map { basis -> JSON in
            [
                "net": .int(basis.net), "gross": .int(basis.gross), "remaining_net": .int(basis.remainingNet),
                "remaining_gross": .int(basis.remainingGross), "currency": .from(basis.currency),
            ]
        }
        return JSONObject([
            .init(name: "at", value: .null), .init(name: "cause", value: .null), .init(name: "ref", value: .string(trace.ref)),
            .init(name: "event", value: ["id": .string(trace.eventID), "type": .string(trace.type)]),
            .init(name: "as_of", value: .from(trace.asOf)), .init(name: "outcome", value: trace.points > 0 ? "earned" : "none"),
            .init(name: "code", value: .string(code(trace))), .init(name: "points", value: .int(trace.points)),
            .init(name: "state", value: .from(trace.state?.rawValue)), .init(name: "basis", value: basis ?? .null),
            .init(name: "multiplier", value: .double(Double(trace.multiplier) / 100)), .init(name: "tier", value: .from(trace.tier)),
            .init(name: "config", value: .int(trace.config)),
            .init(name: "rules", value: .array(try trace.entries.map { try json($0, trace) })),
        ])
    }

    private func code(_ trace: Trace) -> String {
        if trace.points > 0 { return RuleCode.earned.rawValue }
        switch trace.state {
        case .cancelled: return RuleCode.cancelled.rawValue
        case .unpaid: return RuleCode.notPaid.rawValue
        case .refunded where trace.entries.contains { $0.code == .refunded }: return RuleCode.refunded.rawValue
        default: break
        }
        let codes = Set(trace.entries.map(\.code))
        return codes.count == 1 ? codes.first?.rawValue ?? "no_rules" : "no_rule_matched"
    }

    private func json(_ entry: Trace.Entry, _ trace: Trace) throws -> JSON {
        let rule = try catalogues.rule(entry.ruleID, version: entry.version, present: catalogue, db)
        let verdict = entry.code == .conditionsNotMet ? rule?.conditions.flatMap(trace.verdict) : nil
        return [
            "rule": .string(entry.ruleID), "name": .from(rule?.name), "version": .int(entry.version), "code": .string(entry.code.rawValue),
            "points": .int(entry.points), "bounded": .bool(entry.isBounded), "detail": .string(words(entry, rule, verdict)),
            "conditions": verdict?.json ?? .null,
        ]
    }

    // MARK: - In words

    private func words(_ entry: Trace.Entry, _ rule: EarningRule?, _ verdict: ConditionVerdict?) -> String {
        let name = rule?.name ?? entry.ruleID
        if entry.code == .earned {
            return "\(name): \(entry.points) points\(entry.isBounded ? ", held back by its cap or budget" : "")"
        }
        let failed = verdict.map(failing)?.prefix(3).map(describe) ?? []
        return "\(name): \(entry.code.words)\(failed.isEmpty ? "" : " (\(failed.joined(separator: "; ")))")"
    }

    private func words(_ trace: Trace, taken: Int64?) throws -> String {
        let about = trace.basis == nil ? trace.type : "order \(trace.ref)"
        let parts = try trace.entries.filter { trace.points == 0 || $0.code == .earned }.map { entry in
            let rule = try catalogues.rule(entry.ruleID, version: entry.version, present: catalogue, db)
            let verdict = entry.code == .conditionsNotMet ? rule?.conditions.flatMap(trace.verdict) : nil
            return words(entry, rule, verdict)
        }
        let head = trace.points > 0 ? "\(trace.points) points for \(about)" : "No points for \(about)"
        let tail = taken.map { " At first there were \($0)." } ?? ""
        return "\(head): \(parts.joined(separator: "; ")).\(tail)"
    }

    /// The tests that made a condition fail.
    private func failing(_ verdict: ConditionVerdict) -> [ConditionVerdict] {
        switch verdict {
        case .all(let holds, let parts), .any(let holds, let parts): holds ? [] : parts.flatMap(failing)
        case .not(let holds, _): holds ? [] : [verdict]
        case .test(let holds, _, _): holds ? [] : [verdict]
        }
    }

    private func describe(_ verdict: ConditionVerdict) -> String {
        switch verdict {
        case .test(_, let test, let actual):
            let seen = actual.isEmpty ? "not known" : actual.prefix(5).map { $0.string ?? $0.text }.joined(separator: ", ")
            return "\(test.field) is \(seen); \(test.op.rawValue) \(test.value.string ?? test.value.text) was asked"
        case .not: return "what must not hold held"
        case .all, .any: return ""
        }
    }
}
