public import Shared

/// Who may call what: the store's servers and our own services everything; a storefront what everybody may, and what is its shopper's own.
extension Principal {
    /// Throws a 403 unless a server calls.
    public func requireServer() throws {
        guard isServer else { throw Problem.forbidden("This call needs a secret key.") }
    }

    /// Throws a 403 unless a server calls, or a storefront for exactly this customer: one is named only with their own token.
    public func requireServer(orCustomer id: String) throws {
        guard isServer || customerID == id else {
            throw Problem.forbidden("This call needs a secret key, or this customer's own token.", code: "customer_token_required")
        }
    }
}
