import Hummingbird
import Shared
import SharedRuntime

/// `GET /v1/customers/{id}/overview`: everything known of a customer. The services are asked at the same time, each with a deadline; one that
/// does not answer is named in `partial`, and the rest still comes.
struct OverviewController: Sendable {
    /// Every part of the answer, in its order, and who has it.
    static let parts: [(name: String, service: ServiceName)] = [
        ("profile", .loyalty), ("orders", .loyalty), ("loyalty", .loyalty), ("coupons", .loyalty), ("referral", .referral),
        ("messaging", .messaging), ("surveys", .survey), ("reviews", .survey), ("conversations", .messaging), ("segments", .loyalty),
    ]
    static let services: [ServiceName] = [.loyalty, .referral, .messaging, .survey]

    /// Asks one service for its parts; nil when it does not answer.
    typealias Ask = @Sendable (ServiceName, String) async -> JSON?

    let ask: Ask

    init(ask: @escaping Ask) {
        self.ask = ask
    }

    init(house: House) {
        let services = house.services
        let logger = house.logger
        self.init { service, customer in
            do {
                return try await services.get(service, "/internal/v1/overview/\(PercentCoding.encode(customer))", deadline: .seconds(1))
            } catch {
                logger.notice("a service is missing from an overview", metadata: ["from": "\(service.rawValue)", "reason": "\(error)"])
                return nil
            }
        }
    }

    func show(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let customer = try context.parameter("id")
        let answers = await withTaskGroup(of: (ServiceName, JSON?).self) { group in
            for service in Self.services { group.addTask { (service, await ask(service, customer)) } }
            return await group.reduce(into: [ServiceName: JSON]()) { $0[$1.0] = $1.1 }
        }
        let overview = Self.merge(answers)
        // Only loyalty knows who is a customer; while it is away nobody is said not to be one.
        if answers[.loyalty] != nil, Self.parts.allSatisfy({ Self.isEmpty(overview[$0.name]) }) {
            throw Problem.notFound("customer \"\(customer)\"")
        }
        return Reply(.ok, overview)
    }

    static func merge(_ answers: [ServiceName: JSON]) -> JSON {
        var overview = JSONObject()
        for (name, service) in parts { overview.members.append(.init(name: name, value: answers[service]?[name] ?? .null)) }
        let missing = services.filter { answers[$0] == nil }
        overview.members.append(.init(name: "partial", value: .from(missing.map(\.rawValue))))
        return .object(overview)
    }

    private static func isEmpty(_ part: JSON?) -> Bool {
        switch part {
        case nil, .null: true
        case .array(let items): items.isEmpty
        case .object(let object): object.members.allSatisfy { isEmpty($0.value) || $0.value == 0 }
        default: false
        }
    }
}
