import LoyaltyDomain
import Shared
import SharedStore

/// What a condition of a rule, reward, offer or coupon asks that can never be so: each at its own place.
enum ConditionCheck {
    /// Values of the wrong kind, and segments that there are not.
    static func note(_ condition: Condition?, at pointer: JSONPointer, _ issues: FieldIssues, _ db: SQLConnection) throws {
        for (place, test) in condition?.tests(at: pointer) ?? [] {
            if let fault = test.valueFault {
                issues.add(place / fault.member, fault.code, fault.detail)
            } else if test.field == "segments", test.op != .ne {
                for id in test.texts where try !SegmentMembership.exists(id, db) {
                    issues.add(place / "value", "unknown_segment", "there is no segment \(id)")
                }
            }
        }
    }

    /// As ``note(_:at:_:_:)``, and what contradicts the rest of the programme or itself.
    static func note(
        _ condition: Condition?, at pointer: JSONPointer, _ catalogue: Catalogue, _ issues: FieldIssues, _ db: SQLConnection
    ) throws {
        guard let condition else { return }
        try note(condition, at: pointer, issues, db)
        for (place, test) in condition.tests(at: pointer) where test.op == .eq || test.op == .in {
            switch test.field {
            case "tier.id":
                for id in test.texts where catalogue.tier(id) == nil {
                    issues.add(place / "value", "unknown_tier", "there is no tier of this id")
                }
            case "tier.name":
                for name in test.texts where !catalogue.tiers.contains(where: { $0.name == name }) {
                    issues.add(place / "value", "unknown_tier", "there is no tier of this name")
                }
            case "cart.currency", "order.currency":
                guard let programmes = catalogue.programme.currency?.code, !test.texts.contains(programmes) else { continue }
                issues.add(place / "value", "unknown_currency", "the programme counts in \(programmes)")
            default: break
            }
        }
        if let field = condition.impossibleField {
            issues.add(pointer, "never_fires", "\(field) can never be all of what is asked of it")
        }
    }
}

extension ConditionTest {
    fileprivate var texts: [String] { (value.array ?? [value]).compactMap(\.string) }
}
