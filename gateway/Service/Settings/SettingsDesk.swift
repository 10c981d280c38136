import Crypto
import Shared
import SharedRuntime
import Synchronization

/// The settings in memory, for the calls that go by them: which origins may call, which secrets customers' tokens are signed with.
final class SettingsDesk: Sendable {
    /// What replicas call the settings when they tell each other of a change.
    static let revision = "settings"
    static let secretVariable = "VEFA_CUSTOMER_TOKEN_SECRET"
    /// Shorter ones could be found by trying, since everybody holds something that was signed with it.
    static let secretLength = 16...255

    /// What holds until something is written.
    let defaults: StoreSettings
    let defaultSecret: String?
    private let state: Mutex<State>

    private struct State {
        var written = WrittenSettings()
        var settings: StoreSettings
        var key: SymmetricKey?
        var previousKey: SymmetricKey?
    }

    /// - Throws: `HouseConfiguration.Invalid` for a variable that no `PUT` would be allowed to write.
    init(_ configuration: HouseConfiguration) throws {
        defaults = try Self.defaults(configuration)
        defaultSecret = configuration.value(Self.secretVariable)
        if let defaultSecret, !Self.secretLength.contains(defaultSecret.utf8.count) {
            throw HouseConfiguration.Invalid(description: "\(Self.secretVariable) must have 16 to 255 characters")
        }
        state = Mutex(State(settings: defaults, key: defaultSecret.map(Self.key)))
    }

    // MARK: - Asking

    var current: StoreSettings { state.withLock { $0.settings } }

    /// Whether a page of this origin may call: with a key of these origins, or one that names none.
    func allows(origin: String, keyOrigins: [String]) -> Bool {
        if keyOrigins.contains(origin) { return true }
        return state.withLock { state in
            let everywhere = state.settings.allowedOrigins
            return everywhere.isEmpty ? keyOrigins.isEmpty : everywhere.contains(origin)
        }
    }

    /// What a customer's token may be signed with now, by machine time; empty where no secret is set.
    func tokenKeys(now: Timestamp) -> [SymmetricKey] {
        state.withLock { state in
            var keys: [SymmetricKey] = []
            if let key = state.key { keys.append(key) }
            if let previous = state.previousKey, let until = state.written.previousUntil, now < until { keys.append(previous) }
            return keys
        }
    }

    // MARK: - Keeping up

    /// Reads the settings from the store. Of two readings at once, the newer settings win.
    func reload(from house: House) async throws {
        let written = try await house.read { try SettingsStore.read($0) }
        let settings = written.effective(over: defaults)
        let key = (written.secret ?? defaultSecret).map(Self.key)
        let previous = written.previousSecret.map(Self.key)
        state.withLock { state in
            guard written.version >= state.written.version else { return }
            state = State(written: written, settings: settings, key: key, previousKey: previous)
        }
    }

    /// Tells the services of the settings where they are others than they were last told of, and keeps the gateway's own copy.
    func tell(_ written: WrittenSettings, _ change: Change) throws {
        let settings = written.effective(over: defaults)
        guard try SettingsKeeper.current(change.db) != settings else { return }
        try SettingsKeeper.keep(settings, change)
        try change.emit(StoreSettings.changed, subject: nil, data: settings.json)
    }

    /// At start: the environment may say something else than at the last one.
    func prepare(_ house: House) async throws {
        try await reload(from: house)
        let written = state.withLock { $0.written }
        let settings = current
        if try await house.read({ try SettingsKeeper.current($0) }) == settings { return }
        try await house.write { [self] change in try tell(written, change) }
    }

    // MARK: -

    private static func key(_ secret: String) -> SymmetricKey { SymmetricKey(data: Array(secret.utf8)) }

    private static func defaults(_ configuration: HouseConfiguration) throws -> StoreSettings {
        var given = JSONObject()
        for (field, variable) in SettingsFields.variables {
            guard let text = configuration.value(variable) else { continue }
            let isList = field == "allowed_hosts" || field == "allowed_origins"
            given[field] = isList ? .from(text.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }) : .string(text)
        }
        let issues = FieldIssues()
        let read = SettingsFields.read(FieldReader(given, issues: issues))
        if let issue = issues.issues.first {
            let variable = SettingsFields.variables.first { issue.pointer.hasPrefix("/\($0.field)") }?.variable ?? issue.pointer
            throw HouseConfiguration.Invalid(description: "\(variable): \(issue.detail)")
        }
        return StoreSettings(json: .object(read))
    }
}
