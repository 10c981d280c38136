import HTTPTypes
import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// `/v1/loyalty/presets`: programmes to start from, loaded and removed whole.
struct PresetsController: Sendable {
    let house: House
    let catalogues: CatalogueCache
    let parts: ProgrammeParts

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/loyalty/presets", use: list)
        router.post("/v1/loyalty/presets/:id", use: load)
        router.delete("/v1/loyalty/presets/:id", use: remove)
    }

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let data = try await house.read { db in
            try Preset.all.map { preset -> JSON in
                [
                    "id": .string(preset.id), "name": preset.name.json, "description": preset.description.json,
                    "contents": .array(preset.items.map(\.json)), "loaded_at": .from(try PresetStore.find(preset.id, db)?.loadedAt),
                ]
            }
        }
        return Reply(.ok, ["data": .array(data), "next_cursor": .null])
    }

    // MARK: - Loading

    /// Makes all of it, or nothing.
    @Sendable private func load(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let preset = try preset(input)
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let locale = reader.choice("locale", Preset.Locale.self) ?? .en
            reader.refuseUnknown()
            try issues.throwIfAny()
            guard try PresetStore.find(preset.id, change.db) == nil else {
                throw Problem.conflict("preset_loaded", "It is loaded already; remove it first to load it anew.")
            }
            if preset.items.contains(where: { $0.kind == Tier.kind }), !(try catalogues.current(change.db).tiers.isEmpty) {
                throw Problem.conflict("tiers_exist", "The programme has tiers of its own; the preset's would overlap with them.")
            }
            return .created(try load(preset, locale, change))
        }
    }

    private func load(_ preset: Preset, _ locale: Preset.Locale, _ change: Change) throws -> JSON {
        try PresetStore.insert(preset.id, locale: locale.rawValue, change)
        let paused = preset.items.contains { EarningRule.isPerAmount($0) } ? try pauseRules(for: preset, change) : []
        let currency = try catalogues.current(change.db).programme.currency
        let made = try preset.items.map { item -> JSON in
            let (id, version) = try make(item, item.body(locale, currency), change)
            try PresetStore.insert(.init(kind: item.kind, id: id, role: .made, version: version), of: preset.id, change.db)
            return ["kind": .string(item.kind), "id": .string(id), "name": .string(item.name.text(locale))]
        }
        return [
            "id": .string(preset.id), "locale": .string(locale.rawValue), "loaded_at": .from(change.now), "items": .array(made),
            "paused": .array(paused),
        ]
    }

    private func make(_ item: Preset.Item, _ body: JSON, _ change: Change) throws -> (id: String, version: Int64) {
        func made(_ definition: some Definition) -> (id: String, version: Int64) { (definition.id, definition.version) }
        switch item.kind {
        case EarningRule.kind: return made(try parts.rules.make(body, change))
        case Tier.kind: return made(try parts.tiers.make(body, change))
        case CatalogueReward.kind: return made(try parts.rewards.make(body, change))
        case Offer.kind: return made(try parts.offers.make(body, change))
        default: throw Problem.internalError
        }
    }

    /// What gives points per amount would give them on top of the preset's rule: it waits until the preset goes.
    private func pauseRules(for preset: Preset, _ change: Change) throws -> [JSON] {
        try catalogues.current(change.db).rules.filter(\.isGivingPerAmount).map { rule in
            let version = try setState(.paused, of: rule.id, change)
            try PresetStore.insert(.init(kind: EarningRule.kind, id: rule.id, role: .paused, version: version), of: preset.id, change.db)
            return ["kind": .string(EarningRule.kind), "id": .string(rule.id), "name": .string(rule.name)]
        }
    }

    private func setState(_ state: EarningRule.State, of ruleID: String, _ change: Change) throws -> Int64 {
        guard var body = try DefinitionStore.row(EarningRule.kind, ruleID, change.db)?.json.object else { throw Problem.internalError }
        body["state"] = .string(state.rawValue)
        return try parts.rules.replace(ruleID, .object(body), change).version
    }

    // MARK: - Removing

    /// Ends what it made, also where it was changed by hand since, and has what it put aside go on, unless that was changed since. What members got
    /// by it stays theirs.
    @Sendable private func remove(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let preset = try preset(input)
            guard try PresetStore.find(preset.id, change.db) != nil else { throw Problem.notFound("such preset loaded") }
            for item in try PresetStore.items(of: preset.id, change.db) {
                guard let row = try DefinitionStore.row(item.kind, item.id, change.db) else { continue }
                switch item.role {
                case .made: try end(item, change)
                case .paused: if row.version == item.version { _ = try setState(.active, of: item.id, change) }
                }
            }
            try PresetStore.remove(preset.id, change.db)
            return .noContent()
        }
    }

    private func end(_ item: PresetStore.Item, _ change: Change) throws {
        switch item.kind {
        case EarningRule.kind: try parts.rules.end(item.id, change)
        case Tier.kind: try parts.tiers.end(item.id, change)
        case CatalogueReward.kind: try parts.rewards.end(item.id, change)
        case Offer.kind: try parts.offers.end(item.id, change)
        default: break
        }
    }

    private func preset(_ input: CommandInput) throws -> Preset {
        let id = try input.parameter("id")
        guard let preset = Preset.all.first(where: { $0.id == id }) else { throw Problem.notFound("such preset") }
        return preset
    }
}

extension EarningRule {
    fileprivate var isGivingPerAmount: Bool {
        if case .perAmount = award { return state == .active && trigger == Self.paid }
        return false
    }

    fileprivate static func isPerAmount(_ item: Preset.Item) -> Bool { item.kind == kind && item.body["points"]?["per_amount"] != nil }
}
