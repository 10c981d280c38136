import Shared
import SharedRuntime
import SurveyDomain

/// What a response's reward is and what became of it, as loyalty-svc says it.
enum RewardState {
    /// Once a person and survey, whatever happens to the response.
    static func key(survey: String, customer: String) -> String { "survey:\(survey):\(customer)" }

    /// Ordered, and not yet heard of.
    static func ordered(_ reward: Reward) -> JSON {
        var object = reward.json.object ?? JSONObject()
        object["state"] = "pending"
        return .object(object)
    }

    static func add(to events: inout EventHandlers) {
        events.on("grant.issued", "grant.refused", "grant.revoked", perform: hear)
    }

    /// Of grants that this service ordered; others' are nothing to it.
    private static func hear(_ event: CloudEvent, _ change: Change) throws {
        guard event.source == "vefa/\(ServiceName.loyalty.rawValue)", let outcome = GrantOutcome(event.data),
            var response = try ResponseStore.find(grant: outcome.key, change.db)
        else { return }
        var reward = response.reward.object ?? JSONObject()
        reward["state"] = .string(outcome.state.rawValue)
        if let code = outcome.couponCode { reward["coupon_code"] = .string(code) }
        if let points = outcome.points { reward["points"] = .int(points) }
        if let code = outcome.code { reward["code"] = .string(code) }
        response.reward = .object(reward)
        try ResponseStore.update(response, change.db)
    }
}
