public import Shared

/// The current row of a query. Columns are counted from 0; the row is gone once the closure it was handed to returns.
///
/// The forms without `OrNil` are for columns that cannot be NULL; on NULL they answer with 0, an empty text or an empty array.
public struct SQLRow {
    private let reader: any RowReader

    init(_ reader: any RowReader) {
        self.reader = reader
    }

    public func isNull(_ column: Int) -> Bool { reader.isNull(column) }

    public func int(_ column: Int) -> Int64 { reader.int(column) }
    public func intOrNil(_ column: Int) -> Int64? { reader.isNull(column) ? nil : reader.int(column) }

    public func double(_ column: Int) -> Double { reader.double(column) }
    public func doubleOrNil(_ column: Int) -> Double? { reader.isNull(column) ? nil : reader.double(column) }

    public func text(_ column: Int) -> String { reader.text(column) }
    public func textOrNil(_ column: Int) -> String? { reader.isNull(column) ? nil : reader.text(column) }

    /// A flag kept as INTEGER 0 or 1.
    public func bool(_ column: Int) -> Bool { reader.int(column) != 0 }
    public func boolOrNil(_ column: Int) -> Bool? { reader.isNull(column) ? nil : reader.int(column) != 0 }

    public func bytes(_ column: Int) -> [UInt8] { reader.bytes(column) }
    public func bytesOrNil(_ column: Int) -> [UInt8]? { reader.isNull(column) ? nil : reader.bytes(column) }

    /// Whatever is kept there, as it is kept: a copy asks so.
    public func value(_ column: Int) -> SQLValue { reader.value(column) }

    /// A moment kept as BIGINT milliseconds.
    public func time(_ column: Int) -> Timestamp { Timestamp(milliseconds: reader.int(column)) }
    public func timeOrNil(_ column: Int) -> Timestamp? { intOrNil(column).map(Timestamp.init(milliseconds:)) }

    /// A JSON text; `.null` when the column is NULL or cannot be read as JSON.
    public func json(_ column: Int) -> JSON {
        guard !reader.isNull(column) else { return .null }
        return (try? JSONParser.parse(reader.text(column), depthLimit: JSONParser.ownDepth)) ?? .null
    }
}
