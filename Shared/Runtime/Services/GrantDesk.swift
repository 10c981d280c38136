public import Shared

/// Where rewards are had from: loyalty-svc, or a test's stand-in.
public protocol GrantDesk: Sendable {
    /// Gives a reward now, once for its key; the same key again answers what was given before. A refusal is an outcome; throws a
    /// ``ServiceCallError`` where loyalty-svc cannot be asked.
    func give(_ grant: Grant) async throws -> GrantOutcome
}

/// `POST /internal/v1/grants` of loyalty-svc.
public struct LoyaltyGrantDesk: GrantDesk {
    private let services: ServiceClient

    public init(_ services: ServiceClient) {
        self.services = services
    }

    public func give(_ grant: Grant) async throws -> GrantOutcome {
        let answer = try await services.post(.loyalty, "/internal/v1/grants", body: grant.json.bytes, deadline: .seconds(5), isRepeatable: true)
        guard let outcome = GrantOutcome(answer) else { throw ServiceCallError(service: .loyalty, reason: .unreadable) }
        return outcome
    }
}
