import Shared
import SharedStore

/// Who is in which segment, as everybody else may ask it.
enum SegmentMembership {
    /// The segments a customer is in, by id.
    static func ids(of customerID: String, _ db: SQLConnection) throws -> [String] {
        try db.all("SELECT segment_id FROM segment_members WHERE customer_id = \(customerID) ORDER BY segment_id") { $0.text(0) }
    }

    static func contains(_ customerID: String, segment id: String, _ db: SQLConnection) throws -> Bool {
        try db.exists("SELECT 1 FROM segment_members WHERE segment_id = \(id) AND customer_id = \(customerID)")
    }
}
