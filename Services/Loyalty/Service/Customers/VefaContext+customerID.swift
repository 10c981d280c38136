import SharedRuntime

extension VefaContext {
    /// A customer's id out of the path, decoded.
    func customerID(_ name: String = "customer_id") throws -> String { try parameter(name) }
}
