import HTTPTypes
import Shared

extension RouteTable {
    /// Surveys, their answers, and the pages that ask.
    static let survey: [PublicRoute] = []
}
