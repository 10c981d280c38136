/// What a list was asked for: how many, and after which row.
public struct PageRequest: Sendable {
    public static let defaultLimit = 50
    public static let maximumLimit = 200

    public let limit: Int
    /// The sort keys of the last row of the page before, as ``Cursor`` decoded them; nil on the first page.
    public let after: [JSON]?

    public init(limit: Int, after: [JSON]?) {
        self.limit = limit
        self.after = after
    }

    /// Reads `?limit=&cursor=`. Refuses a limit outside 1…200 and a cursor that is none, by pointer.
    public init(limit: String?, cursor: String?) throws {
        var chosen = Self.defaultLimit
        if let limit {
            guard let number = Int(limit), (1...Self.maximumLimit).contains(number) else {
                throw Problem.invalid("?limit", "out_of_range", "from 1 to \(Self.maximumLimit)")
            }
            chosen = number
        }
        self.limit = chosen
        if let cursor, !cursor.isEmpty {
            guard let keys = Cursor.decode(cursor) else { throw Problem.invalid("?cursor", "invalid_cursor", "take it from next_cursor as it came") }
            after = keys
        } else {
            after = nil
        }
    }
}

/// Opaque places in a list: the last row's sort keys as base64url JSON. Stable under inserts, since they name a row and not a distance.
public enum Cursor {
    public static func encode(_ keys: [JSON]) -> String { Base64URL.encode(JSON.array(keys).bytes) }

    public static func decode(_ text: String) -> [JSON]? {
        guard text.utf8.count <= 2_048, let bytes = Base64URL.decode(text), let value = try? JSONParser.parse(bytes),
            bytes.withUnsafeBufferPointer({ value.nul(in: $0) }) == nil
        else { return nil }
        return value.array
    }
}

/// One page of a list as it is answered. Ask the store for `limit + 1` rows: the one too many says that there is a next page.
public struct Page: Sendable {
    public let data: [JSON]
    public let nextCursor: String?

    public init<Row>(_ rows: [Row], _ request: PageRequest, key: (Row) -> [JSON], json: (Row) -> JSON) {
        let shown = rows.prefix(request.limit)
        data = shown.map(json)
        nextCursor = rows.count > request.limit ? shown.last.map { Cursor.encode(key($0)) } : nil
    }

    public var json: JSON { ["data": .array(data), "next_cursor": .from(nextCursor)] }
}
