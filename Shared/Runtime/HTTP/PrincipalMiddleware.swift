public import Hummingbird
import Shared

/// Refuses whatever the gateway (or another of the five) has not signed.
public struct PrincipalMiddleware: RouterMiddleware {
    public typealias Context = VefaContext

    private let signer: PrincipalSigner
    private let servicesOnly: Bool

    /// `servicesOnly` for the internal routes, which no caller from outside may reach even through the gateway.
    public init(signer: PrincipalSigner, servicesOnly: Bool) {
        self.signer = signer
        self.servicesOnly = servicesOnly
    }

    public func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        guard let header = request.headers[.principal], let principal = signer.verify(header) else {
            throw Problem.unauthorized("Calls to a service come signed from the gateway.", code: "unsigned")
        }
        if servicesOnly, principal.kind != .service { throw Problem.forbidden("This route is between services.", code: "internal_route") }
        var context = context
        context.principal = principal
        return try await next(request, context)
    }
}
