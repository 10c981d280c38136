/// What a store consists of, as its engine knows it: tables, columns, primary keys.
struct StoreCatalogue: Sendable {
    struct Column: Sendable, Hashable {
        /// What a column can hold.
        enum Kind: Sendable, Hashable {
            /// 32 bits on PostgreSQL, 64 on SQLite.
            case flag
            case integer, real, text, bytes
        }

        var name: String
        var kind: Kind
        /// Numbers its rows by itself, with a counter that has to be told of rows that were numbered elsewhere.
        var isCounted = false
    }

    struct Table: Sendable, Hashable {
        var name: String
        var columns: [Column]
        /// Empty where there is none.
        var key: [String]
    }

    /// By name.
    private(set) var tables: [Table] = []

    subscript(_ name: String) -> Table? { tables.first { $0.name == name } }

    init(_ db: SQLConnection) throws {
        switch db.dialect.engine {
        case .sqlite: try readSQLite(db)
        case .postgres: try readPostgres(db)
        }
    }

    private mutating func add(_ column: Column, to table: String) {
        if tables.last?.name != table { tables.append(Table(name: table, columns: [], key: [])) }
        tables[tables.count - 1].columns.append(column)
    }

    private mutating func readSQLite(_ db: SQLConnection) throws {
        var keys: [String: [(place: Int64, column: String)]] = [:]
        try db.each(
            """
            SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' ORDER BY m.name, c.cid
            """
        ) { row in
            add(Column(name: row.text(1), kind: Self.kind(row.text(2), narrow: false)), to: row.text(0))
            if row.int(3) > 0 { keys[row.text(0), default: []].append((row.int(3), row.text(1))) }
        }
        for index in tables.indices {
            tables[index].key = (keys[tables[index].name] ?? []).sorted { $0.place < $1.place }.map(\.column)
        }
    }

    private mutating func readPostgres(_ db: SQLConnection) throws {
        try db.each(
            """
            SELECT c.table_name, c.column_name, c.data_type, c.is_identity FROM information_schema.columns c
            JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
            WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position
            """
        ) { row in
            add(Column(name: row.text(1), kind: Self.kind(row.text(2), narrow: true), isCounted: row.text(3) == "YES"), to: row.text(0))
        }
        try db.each(
            """
            SELECT k.table_name, k.column_name FROM information_schema.table_constraints t
            JOIN information_schema.key_column_usage k
                ON k.table_schema = t.table_schema AND k.table_name = t.table_name AND k.constraint_name = t.constraint_name
            WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = current_schema() ORDER BY k.table_name, k.ordinal_position
            """
        ) { row in
            if let index = tables.firstIndex(where: { $0.name == row.text(0) }) { tables[index].key.append(row.text(1)) }
        }
        // Names sorted as SQLite sorts them, whatever the catalogue's own order is.
        tables.sort { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    }

    private static func kind(_ type: String, narrow: Bool) -> Column.Kind {
        switch type.lowercased() {
        case "integer": narrow ? .flag : .integer
        case "bigint", "smallint", "boolean": .integer
        case "real", "double precision", "numeric": .real
        case "blob", "bytea": .bytes
        default: .text
        }
    }
}
