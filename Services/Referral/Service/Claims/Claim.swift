import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// What a claim says, and how it is judged.
struct Claim: Sendable {
    let typedCode: String
    let email: String
    let customerID: String?

    /// Reads `{"code", "email", "customer_id"?}`; throws what is wrong with it.
    init(_ input: CommandInput) throws {
        let issues = FieldIssues()
        let reader = FieldReader(body: input.body, issues: issues)
        let code = reader.requiredString("code", max: 255)
        let email = reader.requiredString("email", max: 1_024)
        let named = reader.string("customer_id", max: CloudEvent.maximumTextLength, allowEmpty: false)
        if reader.raw("choice") != nil { reader.fail("choice", "not_supported_yet", "a choice of rewards comes later") }
        reader.refuseUnknown()
        try issues.throwIfAny()
        if let named { try input.principal.requireServer(orCustomer: named) }
        typedCode = code ?? ""
        self.email = email ?? ""
        customerID = named ?? input.principal.customerID
    }

    /// A claim that may be made.
    struct Accepted: Sendable {
        let owner: CodeOwner
        let programme: ProgrammeRow
        let friendKey: String
        let referralID: String
    }

    /// Throws the first reason against it.
    func judge(_ db: SQLConnection, now: Timestamp) throws -> Accepted {
        let owner = try ReferralCode(typedCode).flatMap { try AdvocateStore.owner(of: $0, db) }
        let programme = try owner.flatMap { try ProgrammeStore.find($0.programmeID, db) }
        let friendKey = PersonKey.isClaimable(email) ? PersonHash.email(email) : nil
        let ids = try KnownPersons.ids(id: customerID, email: friendKey == nil ? nil : email, db)
        let facts = ClaimFacts(
            isKnownCode: owner != nil && programme != nil, isOpen: programme?.isOpen(at: now) ?? false, isValidEmail: friendKey != nil,
            isAdvocate: owner.map { ids.contains($0.advocateID) } ?? false, hasBought: try KnownPersons.haveBought(ids, db),
            isReferred: try !ReferralStore.of(friend: ids, keys: friendKey.map { [$0] } ?? [], db).isEmpty)
        if let refusal = facts.refusal { throw Self.problem(refusal) }
        guard let owner, let programme, let friendKey else { throw Problem.internalError }
        return Accepted(
            owner: owner, programme: programme, friendKey: friendKey,
            referralID: PersonHash.referralID(programme: programme.id, friend: friendKey))
    }

    static func problem(_ reason: ReferralReason) -> Problem {
        switch reason {
        case .programmeClosed, .alreadyReferred: .conflict(reason.rawValue, reason.detail)
        case .unknownCode: field("/code", reason)
        case .invalidEmail: field("/email", reason)
        default: .refused(reason.rawValue, reason.detail)
        }
    }

    private static func field(_ pointer: String, _ reason: ReferralReason) -> Problem {
        Problem(
            422, reason.rawValue, "Refused", detail: reason.detail,
            errors: [FieldIssue(pointer: pointer, code: reason.rawValue, detail: reason.detail)])
    }
}
