import HTTPTypes
import Shared

extension RouteTable {
    /// Surveys, their answers, and the pages that ask.
    static let survey: [PublicRoute] = [
        route(.survey, .get, "/v1/surveys", "surveys:read"),
        route(.survey, .post, "/v1/surveys", "surveys:write"),
        route(.survey, .post, "/v1/surveys/decide", "surveys:respond", publishable: true),
        route(.survey, .get, "/v1/surveys/{id}", "surveys:read"),
        route(.survey, .put, "/v1/surveys/{id}", "surveys:write"),
        route(.survey, .delete, "/v1/surveys/{id}", "surveys:write"),
        route(.survey, .post, "/v1/surveys/{id}/publish", "surveys:write"),
        route(.survey, .post, "/v1/surveys/{id}/pause", "surveys:write"),
        route(.survey, .get, "/v1/surveys/{id}/responses", "surveys:read"),
        route(.survey, .post, "/v1/surveys/{id}/responses", "surveys:respond", publishable: true),
        route(.survey, .post, "/v1/surveys/{id}/interactions", "surveys:respond", publishable: true),
        route(.survey, .get, "/v1/surveys/{id}/stats", "surveys:read"),
        route(.survey, .patch, "/v1/responses/{id}", "surveys:respond", publishable: true),
        open(.survey, .get, "/s/{key}"),
        open(.survey, .post, "/s/{key}"),
    ]
}
