/// What whoever knows the tables says about copying them; everything else is copied row by row as it is.
public struct StoreCopyRules: Sendable {
    /// A column that counts rows and is empty until a row got its number, after its commit. A copy gives the rows that wait the numbers they
    /// would have got: those behind the highest, in this order.
    public struct Numbered: Sendable {
        public var table: String
        public var column: String
        /// Columns of the engine on which rows wait.
        public var order: [String]

        public init(table: String, column: String, order: [String]) {
            self.table = table
            self.column = column
            self.order = order
        }
    }

    /// Tables that speak of the processes which have the store open, and not of what it holds.
    public var leftOut: Set<String>
    /// Columns that one engine only has, by table. They have defaults.
    public var ownColumns: [String: Set<String>]
    public var numbered: [Numbered]
    /// Who has a shared store open just now, for a message; nil when nobody has.
    public var holder: @Sendable (SQLConnection) throws -> String?

    public init(
        leftOut: Set<String> = [], ownColumns: [String: Set<String>] = [:], numbered: [Numbered] = [],
        holder: @escaping @Sendable (SQLConnection) throws -> String? = { _ in nil }
    ) {
        self.leftOut = leftOut
        self.ownColumns = ownColumns
        self.numbered = numbered
        self.holder = holder
    }

    /// The engines' and the migrator's own tables.
    static let ofTheStore: Set<String> = ["schema_migrations", "store_commits"]

    func isCopied(_ table: String) -> Bool { !Self.ofTheStore.contains(table) && !leftOut.contains(table) }
}

/// Why a store was not copied, beyond what the engines say (`StoreError`). Texts name tables, columns and keys, never other values.
public enum StoreCopyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The source is none of this program's stores.
    case foreign(String)
    /// A running service has the source open.
    case inUse(String)
    /// The target holds data that this copy did not put there.
    case occupied(String)
    /// A value that the target cannot hold.
    case unfit(table: String, key: String, column: String, reason: String)
    /// Source and target are not alike although they should be.
    case differs(table: String, key: String, reason: String)
    /// The service's own check of the copy found something.
    case wrong(String)

    public var description: String {
        switch self {
        case .foreign(let what), .inUse(let what), .occupied(let what): what
        case .unfit(let table, let key, let column, let reason): "\(table), key \(key): \(column) \(reason)"
        case .differs(let table, let key, let reason): key.isEmpty ? "\(table): \(reason)" : "\(table), key \(key): \(reason)"
        case .wrong(let what): "the service's own check of the copy failed: \(what)"
        }
    }
}

/// How far a copy is.
public struct StoreCopyProgress: Sendable, Hashable {
    public enum Stage: String, Sendable {
        case copying, verifying
    }

    public var stage: Stage
    public var table: String
    /// Rows of the table done in this run.
    public var rows: Int64
    /// Rows that were in the target when this run began.
    public var before: Int64
    /// Rows that the table has.
    public var total: Int64
    /// Since this table's stage began.
    public var seconds: Double
    public var isEnd: Bool
}

/// What a copy did.
public struct StoreCopyReport: Sendable, Hashable {
    public var tables = 0
    /// Rows of all tables, each compared in both stores.
    public var rows: Int64 = 0
    /// Rows written in this run; fewer than `rows` when it went on with an earlier one.
    public var copied: Int64 = 0
    /// Seconds for writing, and for comparing.
    public var copySeconds = 0.0
    public var verifySeconds = 0.0
}
