import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime

/// What a till needs: finding the member who stands there, their card, and who came to an event.
struct InStoreController: Sendable {
    let house: House
    let checkIns: CheckIns

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/loyalty/members", use: find)
        router.get("/v1/loyalty/members/:customer_id/card", use: card)
        router.post("/v1/loyalty/members/:customer_id/card", use: replaceCard)
        router.post("/v1/loyalty/members/:customer_id/check_ins", use: checkIn)
    }

    // MARK: - Finding

    /// By `phone`, `email` or `code`: exactly one of them.
    @Sendable private func find(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let search = try Self.search(request)
        let (now, checkIns) = (house.now, checkIns)
        let rows = try await house.read { db in
            try search?.matches(db).map { record -> JSON in
                var object = try MembersController.json(record.account, try checkIns.catalogues.current(db), now: now, db).object ?? JSONObject()
                object["customer"] = record.json
                return .object(object)
            } ?? []
        }
        return Reply(.ok, ["data": .array(rows)])
    }

    /// Nil for what can be nobody's.
    private static func search(_ request: Request) throws -> MemberSearch? {
        let said = ["phone", "email", "code"].compactMap { name in request.query(name).map { (name: name, text: $0) } }
        guard let (name, text) = said.first, said.count == 1 else {
            throw Problem.invalid(
                said.isEmpty ? "?phone" : "?\(said[1].name)", said.isEmpty ? "missing" : "conflict", "one of phone, email and code")
        }
        guard !text.isEmpty, text.utf8.count <= CustomerData.maximumEmail else {
            throw Problem.invalid("?\(name)", text.isEmpty ? "empty" : "too_long", "1 to \(CustomerData.maximumEmail) bytes")
        }
        switch name {
        case "phone":
            // A plus that nobody encoded comes as a blank.
            guard let number = PhoneNumber(text.hasPrefix(" ") ? "+" + text : text) else {
                throw Problem.invalid("?phone", "invalid_phone", "a telephone number was expected")
            }
            return .phone(number)
        case "email":
            guard let key = EmailKey.make(text) else { throw Problem.invalid("?email", "invalid_email", "an e-mail address was expected") }
            return .email(key)
        default:
            return MemberCard.code(text).map(MemberSearch.card)
        }
    }

    // MARK: - Cards

    /// A storefront shows its shopper their own card. It is made when it is first asked for.
    @Sendable private func card(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.customerID()
        try context.requirePrincipal().requireServer(orCustomer: id)
        let known = try await house.read { try MemberCards.find(try MembersController.member(id, $0).customer.id, $0) }
        if let known { return Reply(.ok, known.json) }
        let made = try await house.write { try MemberCards.make(for: try MembersController.member(id, $0.db).customer.id, $0) }
        return Reply(.ok, made.json)
    }

    @Sendable private func replaceCard(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            FieldReader(body: input.body, issues: issues).refuseUnknown()
            try issues.throwIfAny()
            let member = try MembersController.member(try input.parameter("customer_id"), change.db)
            return .created(try MemberCards.replace(for: member.customer.id, change).json)
        }
    }

    // MARK: - Check-ins

    @Sendable private func checkIn(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let event = reader.requiredString("event", max: CloudEvent.maximumTextLength)
            let place = reader.string("place", max: 255)
            let at = reader.timestamp("at")
            reader.refuseUnknown()
            if let at, at > change.now { reader.fail("at", "out_of_range", "that is yet to come") }
            try issues.throwIfAny()
            let id = try MembersController.member(try input.parameter("customer_id"), change.db).customer.id
            let (noted, isNew) = try checkIns.note(
                CheckIns.CheckIn(event: event ?? "", place: place, at: at ?? change.now), of: id, change)
            let answer: JSON = [
                "customer_id": .string(id), "event": .string(noted.event), "place": .from(noted.place), "at": .from(noted.at),
                "points": .int(noted.points),
            ]
            return Reply(isNew ? .created : .ok, answer)
        }
    }
}
