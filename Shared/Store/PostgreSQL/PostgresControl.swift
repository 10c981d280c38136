#if Postgres
    /// The store's own words about transactions, prepared once a connection like other statements.
    enum PostgresControl: Hashable {
        case beginWrite, beginClaim, beginRead
        /// A lock is waited for only shortly in this transaction.
        case groupLockLimit
        case savepoint(Int)
        case release(Int)
        case rollbackTo(Int)
        case commit, rollback

        var text: String {
            switch self {
            case .beginWrite: "BEGIN ISOLATION LEVEL SERIALIZABLE"
            case .beginClaim: "BEGIN ISOLATION LEVEL READ COMMITTED"
            case .beginRead: "BEGIN"
            case .groupLockLimit: "SET LOCAL lock_timeout = 50"
            case .savepoint(let level): "SAVEPOINT level_\(level)"
            case .release(let level): "RELEASE SAVEPOINT level_\(level)"
            case .rollbackTo(let level): "ROLLBACK TO SAVEPOINT level_\(level)"
            case .commit: "COMMIT"
            case .rollback: "ROLLBACK"
            }
        }

        var name: String {
            switch self {
            case .beginWrite: "v_write"
            case .beginClaim: "v_claim"
            case .beginRead: "v_read"
            case .groupLockLimit: "v_group"
            case .savepoint(let level): level == 0 ? "v_save_0" : "v_save_1"
            case .release(let level): level == 0 ? "v_release_0" : "v_release_1"
            case .rollbackTo(let level): level == 0 ? "v_back_0" : "v_back_1"
            case .commit: "v_commit"
            case .rollback: "v_rollback"
            }
        }

        /// Deeper savepoints are rare.
        var isPrepared: Bool {
            switch self {
            case .savepoint(let level), .release(let level), .rollbackTo(let level): level <= 1
            default: true
            }
        }

        static func prepared(isWriter: Bool) -> [PostgresControl] {
            let levels: [PostgresControl] = (0...1).flatMap { [.savepoint($0), .release($0), .rollbackTo($0)] }
            return [.rollback] + levels + (isWriter ? [.beginWrite, .beginClaim, .groupLockLimit, .commit] : [.beginRead])
        }
    }
#endif
