/// One table as both stores see it, read in pages in the order of its key. Pages are asked for by key, so that reading can go on anywhere.
struct CopiedTable: Sendable {
    typealias Row = [SQLValue]

    let name: String
    let columns: [StoreCatalogue.Column]
    /// The key's places among the columns.
    let key: [Int]
    /// The number that rows may still wait for, and in which order they get it: see `StoreCopyRules.Numbered`.
    private let waiting: [String]?
    private let names: String

    /// Throws `.differs` where the two do not have the same table.
    init(_ name: String, source: StoreCatalogue.Table, target: StoreCatalogue.Table, rules: StoreCopyRules) throws {
        self.name = name
        let own = rules.ownColumns[name] ?? []
        // In the target's form: its limits are the ones that matter.
        columns = target.columns.filter { !own.contains($0.name) }
        let theirs = Set(source.columns.map(\.name)).subtracting(own)
        guard theirs == Set(columns.map(\.name)) else {
            throw StoreCopyError.differs(table: name, key: "", reason: "the two stores have different columns")
        }
        let numbered = rules.numbered.first { $0.table == name }
        let key = numbered.map { [$0.column] } ?? (target.key.isEmpty ? source.key : target.key)
        guard !key.isEmpty, source.key.isEmpty || target.key.isEmpty || source.key == target.key || numbered != nil else {
            throw StoreCopyError.differs(table: name, key: "", reason: "no primary key to go by")
        }
        let columns = columns
        self.key = key.compactMap { part in columns.firstIndex { $0.name == part } }
        guard self.key.count == key.count else { throw StoreCopyError.differs(table: name, key: "", reason: "no primary key to go by") }
        let known = Set(source.columns.map(\.name))
        waiting = numbered.flatMap { numbered in numbered.order.allSatisfy(known.contains) ? numbered.order : nil }
        names = columns.map { Self.quoted($0.name) }.joined(separator: ", ")
    }

    static func quoted(_ name: String) -> String { "\"\(name)\"" }

    private func keyNames(_ direction: String = "") -> String {
        key.map { Self.quoted(columns[$0].name) + direction }.joined(separator: ", ")
    }

    func key(of row: Row) -> [SQLValue] { key.map { row[$0] } }

    /// For messages.
    func keyText(_ row: Row) -> String {
        key(of: row).map { value in
            switch value {
            case .null: "NULL"
            case .int(let number): String(number)
            case .double(let number): String(number)
            case .text(let text): String(text.prefix(200)).debugDescription
            case .bytes(let bytes): "\(bytes.count) bytes"
            }
        }.joined(separator: ", ")
    }

    // MARK: - Reading

    func count(_ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT COUNT(*) FROM \(raw: Self.quoted(name))") { $0.int(0) } ?? 0
    }

    /// The highest key; nil in an empty table.
    func lastKey(_ db: SQLConnection) throws -> [SQLValue]? {
        let key = key
        return try db.first("SELECT \(raw: keyNames()) FROM \(raw: Self.quoted(name)) ORDER BY \(raw: keyNames(" DESC")) LIMIT 1") { row in
            key.indices.map { row.value($0) }
        }
    }

    /// Up to `limit` rows behind a key.
    ///
    /// `isSource` is false in the target, where no row waits for its number.
    func page(_ db: SQLConnection, after last: [SQLValue]?, limit: Int, isSource: Bool) throws -> [Row] {
        var conditions: [SQL] = []
        if isSource, waiting != nil { conditions.append("\(raw: keyNames()) IS NOT NULL") }
        if let last {
            var values: SQL = "\(last[0])"
            for value in last.dropFirst() { values.append(", \(value)") }
            conditions.append(key.count == 1 ? "\(raw: keyNames()) > \(values)" : "(\(raw: keyNames())) > (\(values))")
        }
        var sql: SQL = "SELECT \(raw: names) FROM \(raw: Self.quoted(name))"
        for (index, condition) in conditions.enumerated() { sql.append((index == 0 ? " WHERE " : " AND ") + condition) }
        sql.append(" ORDER BY \(raw: keyNames()) LIMIT \(limit)")
        var rows = try db.all(sql, read)
        if isSource, let waiting, rows.count < limit {
            rows += try waitingRows(db, waiting, behind: rows.last.map(key(of:)) ?? last, limit: limit - rows.count)
        }
        return rows
    }

    /// Rows that have no number yet, with the one that they get.
    private func waitingRows(_ db: SQLConnection, _ order: [String], behind last: [SQLValue]?, limit: Int) throws -> [Row] {
        let highest = try db.first("SELECT COALESCE(MAX(\(raw: keyNames())), 0) FROM \(raw: Self.quoted(name))") { $0.int(0) } ?? 0
        var number = highest
        if case .int(let reached)? = last?.first { number = max(number, reached) }
        let order = order.map(Self.quoted).joined(separator: ", ")
        var rows = try db.all(
            """
            SELECT \(raw: names) FROM \(raw: Self.quoted(name)) WHERE \(raw: keyNames()) IS NULL
            ORDER BY \(raw: order) LIMIT \(limit) OFFSET \(number - highest)
            """, read)
        for index in rows.indices {
            number += 1
            rows[index][key[0]] = .int(number)
        }
        return rows
    }

    private func read(_ row: SQLRow) -> Row {
        columns.indices.map { row.value($0) }
    }

    /// About what a row takes in memory.
    static func size(_ row: Row) -> Int {
        row.reduce(0) { sum, value in
            switch value {
            case .null, .int, .double: sum + 8
            case .text(let text): sum + 8 + text.utf8.count
            case .bytes(let bytes): sum + 8 + bytes.count
            }
        }
    }

    // MARK: - Writing

    /// Values of one statement at most: SQLite allows 32,766 and PostgreSQL 65,535, and more than a few hundred gain nothing.
    private static let most = 480

    func insert(_ rows: [Row], _ db: SQLConnection) throws {
        let together = max(1, Self.most / columns.count)
        var rest = rows[...]
        while !rest.isEmpty {
            // Few different statements, so that they stay prepared.
            let count = rest.count >= together ? together : 1
            try db.execute(insertion(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
    }

    private func insertion(_ rows: ArraySlice<Row>) -> SQL {
        var sql: SQL = "INSERT INTO \(raw: Self.quoted(name)) (\(raw: names)) VALUES "
        for (index, row) in rows.enumerated() {
            sql.append(index == 0 ? "(" : ", (")
            for (place, value) in row.enumerated() {
                if place > 0 { sql.append(", ") }
                sql.append("\(value)")
            }
            sql.append(")")
        }
        return sql
    }

    /// Throws `.unfit` for a value that the target would refuse, or would keep as something else. SQLite keeps anything in any column.
    func checkFit(_ row: Row, _ dialect: SQLDialect) throws {
        for (value, column) in zip(row, columns) {
            let reason: String? =
                switch (column.kind, value) {
                case (_, .null), (.integer, .int), (.real, .double), (.bytes, .bytes): nil
                case (.flag, .int(let number)):
                    Int32(exactly: number) == nil ? "is larger than 32 bits, which is what the column has there" : nil
                case (.text, .text(let text)):
                    dialect.engine == .postgres && text.utf8.contains(0)
                        ? "holds the character U+0000, which PostgreSQL cannot keep; it has to be taken out in the source"
                        : nil
                default: "holds a value of another type than the column's"
                }
            if let reason { throw StoreCopyError.unfit(table: name, key: keyText(row), column: column.name, reason: reason) }
        }
    }

    // MARK: - Comparing

    /// The first column in which two rows differ, by their bytes: texts that only look the same are not.
    func difference(_ one: Row, _ other: Row) -> String? {
        for (index, column) in columns.enumerated() where !Self.isSame(one[index], other[index]) { return column.name }
        return nil
    }

    func isSameKey(_ one: Row, _ other: Row) -> Bool { key.allSatisfy { Self.isSame(one[$0], other[$0]) } }

    private static func isSame(_ one: SQLValue, _ other: SQLValue) -> Bool {
        switch (one, other) {
        case (.text(let one), .text(let other)): one.utf8.elementsEqual(other.utf8)
        // Equal as numbers: SQLite keeps no sign with a zero.
        case (.double(let one), .double(let other)): one == other || one.isNaN && other.isNaN
        default: one == other
        }
    }
}
