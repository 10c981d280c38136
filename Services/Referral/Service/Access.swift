import Shared
import SharedRuntime

/// Who may call what: the store's servers and our own services everything; a storefront what everybody may, and what is its shopper's own.
enum Access {
    static func serverOnly(_ context: VefaContext) throws {
        guard try context.requirePrincipal().isServer else { throw Problem.forbidden("This call needs a secret key.") }
    }

    /// A storefront may name a customer only where the store's token vouched for exactly that one.
    static func serverOr(customer id: String, _ principal: Principal) throws {
        guard principal.isServer || principal.customerID == id else {
            throw Problem.forbidden("This call needs a secret key, or this customer's own token.", code: "customer_token_required")
        }
    }
}
