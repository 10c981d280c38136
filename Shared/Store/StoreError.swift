/// Why the store did not do what was asked. Texts never hold bound values.
public enum StoreError: Error, Hashable, Sendable {
    /// A unique index or primary key already has this value. The text names the columns or the constraint.
    case uniqueViolation(String)
    /// Another constraint (not null, check, foreign key) refused the row.
    case constraint(String)
    /// Somebody else held the store for longer than we wait.
    case busy
    /// No space is left.
    case full
    /// The disk or the connection failed.
    case io(String)
    /// The store is closed, or has more waiting than it takes.
    case unavailable(String)
    /// The connection broke while a commit was under way, and the server did not come back to tell what became of it: the write was kept
    /// as a whole or not at all. Only a repeat with the same business key finds out. Never with SQLite.
    case uncertain(String)
    /// The file is damaged or is no store.
    case corrupt(String)
    /// The store was written by a newer program than this one.
    case schemaTooNew(set: String, found: Int, known: Int)
    /// A copy into this store was begun and is not finished: it holds a part of another store. The text says of which.
    case unfinishedCopy(String)
    /// Another process has the store open.
    case locked(String)
    /// The URL names an engine that there is not.
    case unknownScheme(String)
    /// The program is wrong: bad SQL, a write inside `read`, a migration list with a gap.
    case misuse(String)

    /// Trying later can succeed: answer 503, retry a batch. Nothing was kept, but with `.uncertain`.
    public var isOutage: Bool {
        switch self {
        case .busy, .full, .io, .unavailable, .uncertain: true
        default: false
        }
    }

    /// Somebody has to look at the file.
    var isDamage: Bool {
        if case .corrupt = self { true } else { false }
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .uniqueViolation(let what): "already there: \(what)"
        case .constraint(let what): "refused by a constraint: \(what)"
        case .busy: "the store is busy"
        case .full: "no space is left for the store"
        case .io(let what): "the store could not be reached: \(what)"
        case .unavailable(let what): "the store is not available: \(what)"
        case .uncertain(let what): "it is not known whether the store kept it: \(what)"
        case .corrupt(let what): "the store is damaged: \(what)"
        case .schemaTooNew(let set, let found, let known):
            known == 0
                ? "the store holds tables of '\(set)' (number \(found)), which this program does not know. "
                    + "Is the database URL that of another service?"
                : "the store is at number \(found) of '\(set)' and this program knows up to \(known). "
                    + "Start the newer version, or restore the backup made before the upgrade."
        case .unfinishedCopy(let what):
            "a copy into this store (\(what)) is not finished, so it may hold a part only. Run the same migrate or restore again, or empty it."
        case .locked(let what), .unknownScheme(let what): what
        case .misuse(let what): "misuse of the store: \(what)"
        }
    }
}
