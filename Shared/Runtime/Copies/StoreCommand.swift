import Logging
import Shared
import SharedStore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What an executable does with its store instead of serving: `loyalty-svc migrate FROM TO`.
///
/// Exit codes: 0; 64 wrong usage; 65 the data (another service's store, a difference, a value that cannot be kept, a target that holds data);
/// 69 what is needed is not there or in use; 78 configuration (an unknown scheme, a store of a newer program).
struct StoreCommand {
    enum Deed: Equatable {
        case migrate(from: String, to: String)
        case inspect(String)
        case restore(file: String, to: String)
        case help
    }

    struct Usage: Error {
        let text: String
    }

    let definition: ServiceDefinition
    let deed: Deed

    /// Nil when there are no arguments: then the service is to run. A URL may come from the environment (`VEFA_COPY_FROM`, `VEFA_COPY_TO`), where
    /// other users of the machine do not see its password.
    init?(_ arguments: [String], _ definition: ServiceDefinition, environment: (String) -> String?) throws {
        guard let word = arguments.first else { return nil }
        self.definition = definition
        let rest = Array(arguments.dropFirst())
        func url(_ index: Int, _ variable: String) throws -> String {
            if index < rest.count { return rest[index] }
            if let value = environment(variable), !value.isEmpty { return value }
            throw Usage(text: "\(word): a database URL is missing")
        }
        let most: Int
        switch word {
        case "migrate":
            deed = .migrate(from: try url(0, "VEFA_COPY_FROM"), to: try url(1, "VEFA_COPY_TO"))
            most = 2
        case "inspect":
            deed = .inspect(try url(0, "VEFA_COPY_FROM"))
            most = 1
        case "restore":
            guard let file = rest.first, file.hasPrefix("/") else {
                throw Usage(text: "restore: the backup's file is named by its whole path")
            }
            deed = .restore(file: file, to: try url(1, "VEFA_COPY_TO"))
            most = 2
        case "help", "--help", "-h":
            deed = .help
            most = 0
        default: throw Usage(text: "there is no command \(word.prefix(40).debugDescription)")
        }
        guard rest.count <= most else { throw Usage(text: "\(word): too many arguments") }
    }

    static func usage(_ program: String) -> String {
        """
        \(program)                          serves; configured by its environment (see README.md)
        \(program) migrate FROM TO          copies the store at one database URL into an empty one, and compares
        \(program) inspect URL              says whether there is a store of this service, and whether it is whole
        \(program) restore FILE URL         puts a backup in the place of the store at a database URL

        A database URL is sqlite:///absolute/path.db or postgres://user:password@host/database. FROM and TO (and URL for restore) may also come as
        VEFA_COPY_FROM and VEFA_COPY_TO, where ps does not show them. Exit status: 0, 64 usage, 65 data, 69 not there or in use, 78 configuration.
        """
    }

    // MARK: - Doing it

    /// Returns the exit code. Says what it does on `say`, line by line.
    func run(_ say: @escaping @Sendable (String) -> Void) async -> Int32 {
        do {
            switch deed {
            case .help: say(Self.usage(definition.name == .gateway ? "gateway" : "\(definition.name.rawValue)-svc"))
            case .inspect(let url): try await inspect(url, say)
            case .migrate(let from, let to):
                let report = try await Store.copy(
                    from: from, to: to, migrations: definition.storeMigrations, rules: .house, logger: Self.quiet, check: check,
                    progress: { say(Self.line($0)) })
                say(end(report))
            case .restore(let file, let url):
                let report = try await Store.restore(
                    file, to: url, migrations: definition.storeMigrations, rules: .house, logger: Self.quiet, check: check,
                    progress: { say(Self.line($0)) })
                say(report.map(end) ?? "\(definition.name.rawValue): restored")
            }
            return 0
        } catch {
            say("\(definition.name.rawValue): \(error)")
            return Self.code(error)
        }
    }

    private var check: @Sendable (SQLConnection) throws -> String? { definition.verify ?? { _ in nil } }

    private func inspect(_ url: String, _ say: (String) -> Void) async throws {
        let standing = try await Store.inspect(url, migrations: definition.storeMigrations)
        let behind = definition.storeMigrations.contains { $0.1.count > standing.levels[$0.set] ?? 0 }
        say("\(definition.name.rawValue): a whole store, \(behind ? "of an older version" : "up to date")")
    }

    private func end(_ report: StoreCopyReport) -> String {
        let rate = report.copySeconds > 0 ? Int(Double(report.copied) / report.copySeconds) : 0
        let checked = definition.verify == nil ? "" : "; the service's own check found nothing wrong"
        return """
            \(definition.name.rawValue): done: \(report.copied) rows copied in \(Self.seconds(report.copySeconds)) s (\(rate) rows/s), \
            \(report.rows) rows of \(report.tables) tables compared in \(Self.seconds(report.verifySeconds)) s\(checked)
            """
    }

    static func line(_ progress: StoreCopyProgress) -> String {
        let done = progress.before + progress.rows
        let rate = progress.seconds > 0.001 ? " (\(Int(Double(progress.rows) / progress.seconds)) rows/s)" : ""
        let known = progress.before > 0 ? ", \(progress.before) of them before" : ""
        return "\(progress.stage.rawValue) \(progress.table): \(done) of \(progress.total) rows\(known)\(progress.rows > 0 ? rate : "")"
    }

    private static func seconds(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    static func code(_ error: any Error) -> Int32 {
        switch error {
        case StoreCopyError.inUse: 69
        case is StoreCopyError: 65
        case let error as StoreError:
            switch error {
            case .schemaTooNew, .unknownScheme, .unfinishedCopy, .misuse: 78
            case .corrupt, .uniqueViolation, .constraint: 65
            default: 69
            }
        default: 69
        }
    }

    /// What migrations and connections log is of no interest here: every step is said by the command itself.
    private static let quiet = Logger(label: "copy") { _ in SwiftLogNoOpLogHandler() }
}

/// Runs what the command line asks for and ends the process; returns when it asks for nothing.
func runStoreCommand(_ definition: ServiceDefinition) async {
    let say: @Sendable (String) -> Void = { text in
        let line = Array((text + "\n").utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
    do {
        let command = try StoreCommand(Array(CommandLine.arguments.dropFirst()), definition) { name in
            getenv(name).map { String(cString: $0) }
        }
        guard let command else { return }
        signal(SIGPIPE, SIG_IGN)
        exit(await command.run(say))
    } catch {
        say((error as? StoreCommand.Usage).map { $0.text } ?? "\(error)")
        say(StoreCommand.usage(definition.name == .gateway ? "gateway" : "\(definition.name.rawValue)-svc"))
        exit(64)
    }
}
