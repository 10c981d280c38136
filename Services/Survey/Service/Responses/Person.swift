import Shared
import SharedRuntime

/// Who answers: a customer where one is known, else a visitor by the id that their browser keeps.
struct Person: Sendable, Hashable {
    var customerID: String?
    var visitorID: String?

    static let maximumVisitor = 128

    /// What a person's things are kept by. Customers and visitors never share one.
    var key: String { customerID.map(Self.key(customer:)) ?? "v:\(visitorID ?? "")" }

    /// Every key that somebody may have been kept by: before they were known, and since.
    var keys: [String] { [customerID.map(Self.key(customer:)), visitorID.map { "v:\($0)" }].compactMap { $0 } }

    static func key(customer id: String) -> String { "c:\(id)" }

    /// Reads `customer_id` and `visitor_id`. A storefront names no customer but the one whom the store vouched for (403), who also counts when
    /// unnamed.
    static func read(_ reader: FieldReader, for principal: Principal) throws -> Person {
        let visitor = reader.string("visitor_id", max: maximumVisitor, allowEmpty: false)
        let named = reader.string("customer_id", max: CloudEvent.maximumTextLength, allowEmpty: false)
        if let named { try principal.requireServer(orCustomer: named) }
        let customer = named ?? (principal.isServer ? nil : principal.customerID)
        if visitor == nil, customer == nil, reader.object["visitor_id"] ?? .null == .null, reader.object["customer_id"] ?? .null == .null {
            reader.fail("visitor_id", "missing", "a visitor_id or a customer_id is required")
        }
        return Person(customerID: customer, visitorID: visitor)
    }
}
