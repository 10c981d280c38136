import LoyaltyDomain
import Shared
import SharedStore

/// What conditions name and there is not, or could never be: refused when they are saved, wherever they stand.
enum ConditionCheck {
    /// Of conditions over a cart: offers' and coupons'.
    static func cart(_ condition: Condition?, at pointer: JSONPointer, _ catalogue: Catalogue, _ issues: FieldIssues, _ db: SQLConnection) throws {
        guard let condition else { return }
        if let field = condition.impossibleField {
            issues.add(pointer, "never_fires", "\(field) can never be all of what is asked of it")
        }
        var noted: Set<String> = []
        for fault in condition.strangers(currency: catalogue.programme.currency, tiers: catalogue.tiers) where noted.insert(fault.code).inserted {
            issues.add(pointer, fault.code, fault.detail)
        }
        try segments(condition, at: pointer, issues, db)
    }

    /// Segments that there are not. An earning rule's conditions are asked this too.
    static func segments(_ condition: Condition?, at pointer: JSONPointer, _ issues: FieldIssues, _ db: SQLConnection) throws {
        let named = (condition?.tests ?? []).filter { $0.field == "segments" }.flatMap { $0.value.array ?? [$0.value] }.compactMap(\.string)
        for id in Set(named).sorted() where try !SegmentMembership.exists(id, db) {
            issues.add(pointer, "unknown_segment", "there is no such segment: \(id)")
        }
    }
}
