import Hummingbird
import Shared
import SharedRuntime

/// Who may call what: the store's servers and our own services everything; a storefront, on behalf of a shopper whom the store vouched for, what is
/// that shopper's own.
enum Access {
    static func serverOnly(_ context: VefaContext) throws {
        guard try context.requirePrincipal().isServer else { throw Problem.forbidden("This call needs a secret key.") }
    }

    static func serverOr(customer id: String, _ context: VefaContext) throws {
        let principal = try context.requirePrincipal()
        guard principal.isServer || principal.customerID == id else {
            throw Problem.forbidden("This call needs a secret key, or this customer's own token.")
        }
    }
}

extension VefaContext {
    /// A customer's id out of the path, decoded.
    func customerID(_ name: String = "customer_id") throws -> String { try parameter(name) }
}
