import Hummingbird
import Shared
import SharedRuntime

/// Tells a path that does not exist (404) from a method that it does not have (405, with `Allow`).
struct RouteMissMiddleware: RouterMiddleware {
    typealias Context = VefaContext

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            let methods = RouteTable.methods(of: request.uri.path)
            guard !methods.isEmpty, !methods.contains(request.method) else { throw error }
            let allowed = methods.map(\.rawValue)
            throw Problem(
                405, "method_not_allowed", "This path has no such method",
                detail: "\(request.method.rawValue) is none of \(allowed.joined(separator: ", ")).",
                extensions: JSONObject([.init(name: "allow", value: .from(allowed))]))
        }
    }
}
