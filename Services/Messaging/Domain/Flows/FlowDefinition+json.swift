import Shared

extension FlowDefinition {
    /// Reads `{"class", "trigger", "exit", "reentry", "nodes"}`. What is wrong is noted by pointer (`/nodes/1/timeout_seconds`); nil when
    /// anything is.
    public static func read(_ reader: FieldReader) -> FlowDefinition? {
        let messageClass = reader.choice("class", MessageClass.self) ?? .marketing
        let trigger = reader.require("trigger", reader.reader("trigger")).flatMap(Trigger.read)
        let exits = (reader.readers("exit", maxCount: maximumExits) ?? []).compactMap(Exit.read)
        let reentry = readReentry(reader)
        let onRepeat = reader.choice("on_repeat", OnRepeat.self) ?? .ignore
        let locale = reader.string("locale", max: 35, allowEmpty: false)
        if let locale, !TemplateContent.isLocale(locale) {
            reader.fail("locale", "invalid", "a language tag was expected, such as tr or en-GB")
        }
        let nodeReaders = reader.require("nodes", reader.readers("nodes", maxCount: maximumNodes)) ?? []
        var nodes: [FlowNode] = []
        for (index, node) in nodeReaders.enumerated() {
            let below = index + 1 < nodeReaders.count ? nodeReaders[index + 1].object["id"]?.string : nil
            if let node = FlowNode.read(node, below: below) { nodes.append(node) }
        }
        if reader.issues.isEmpty { FlowGraph.check(nodes, reader) }
        guard reader.issues.isEmpty, let trigger else { return nil }
        return FlowDefinition(
            messageClass: messageClass, trigger: trigger, exits: exits, reentry: reentry, onRepeat: onRepeat, locale: locale, nodes: nodes)
    }

    /// Reads what ``json`` wrote; nil for anything else.
    public init?(json: JSON) {
        let issues = FieldIssues()
        guard let definition = Self.read(FieldReader(body: json, issues: issues)) else { return nil }
        self = definition
    }

    private static func readReentry(_ reader: FieldReader) -> Reentry {
        guard let value = reader.raw("reentry") else { return .once }
        if value.string == "once" { return .once }
        if value.string == "always" { return .always }
        guard let object = reader.raw("reentry")?.object else {
            reader.fail("reentry", "invalid", "\"once\", \"always\" or {\"after_days\": n} was expected")
            return .once
        }
        let inner = FieldReader(object, at: reader.pointer / "reentry", issues: reader.issues)
        let days = inner.require("after_days", inner.int("after_days", in: 1...3_660))
        inner.refuseUnknown()
        return .afterDays(days ?? 1)
    }

    public var json: JSON {
        [
            "class": .string(messageClass.rawValue), "trigger": trigger.json, "exit": .array(exits.map(\.json)), "reentry": reentry.json,
            "on_repeat": .string(onRepeat.rawValue), "locale": .from(locale), "nodes": .array(nodes.map(\.json)),
        ]
    }
}

extension FlowDefinition.Trigger {
    static func read(_ reader: FieldReader) -> Self? {
        let event = reader.requiredString("event", max: 255)
        let filter = reader.reader("filter").flatMap(Condition.read)
        let key = reader.string("key", max: 255, allowEmpty: false)
        let also = reader.strings("also", maxCount: FlowDefinition.maximumTriggerTypes) ?? []
        if also.contains("") { reader.fail("also", "empty", "a type may not be empty") }
        reader.refuseUnknown()
        return event.map { Self(event: $0, filter: filter, key: key, also: also) }
    }

    var json: JSON {
        var object = JSONObject([.init(name: "event", value: .string(event))])
        object["filter"] = filter?.json
        object["key"] = key.map(JSON.string)
        if !also.isEmpty { object["also"] = .from(also) }
        return .object(object)
    }
}

extension FlowDefinition.Exit {
    static func read(_ reader: FieldReader) -> Self? {
        let event = reader.requiredString("event", max: 255)
        let filter = reader.reader("filter").flatMap(Condition.read)
        reader.refuseUnknown()
        return event.map { Self(event: $0, filter: filter) }
    }

    var json: JSON {
        var object = JSONObject([.init(name: "event", value: .string(event))])
        object["filter"] = filter?.json
        return .object(object)
    }
}

extension FlowDefinition.Reentry {
    var json: JSON {
        switch self {
        case .always: "always"
        case .once: "once"
        case .afterDays(let days): ["after_days": .int(days)]
        }
    }
}

extension FlowNode {
    private enum KindName: String, CaseIterable {
        case send, wait, branch
        case waitFor = "wait_for"
    }

    /// The word for "ends here" in `next`, `then`, `else` and `on_timeout`.
    static let end = "end"

    static func read(_ reader: FieldReader, below: String?) -> FlowNode? {
        let id = reader.requiredString("id", max: 64)
        if id == end { reader.fail("id", "invalid", "\"end\" is the word for no further node") }
        guard let kind = reader.require("kind", reader.choice("kind", KindName.self)) else { return nil }
        var next = target(kind == .branch ? "else" : "next", reader, otherwise: below)
        let read: Kind?
        switch kind {
        case .send:
            let template = reader.requiredString("template_id", max: 255)
            let coupon = reader.reader("coupon").flatMap(CouponOffer.init)
            read = template.map { .send(templateID: $0, coupon: coupon) }
        case .wait: read = reader.require("seconds", reader.int("seconds", in: 0...longestWaitSeconds)).map(Kind.wait)
        case .waitFor:
            let event = reader.requiredString("event", max: 255)
            let key = reader.string("key", max: 255, allowEmpty: false)
            let timeout = reader.require("timeout_seconds", reader.int("timeout_seconds", in: 0...longestWaitSeconds))
            let lookback = reader.int("lookback_seconds", in: 0...longestLookbackSeconds) ?? 0
            let onTimeout = target("on_timeout", reader, otherwise: next)
            read = event.flatMap { event in
                timeout.map { .waitFor(.init(event: event, key: key, timeoutSeconds: $0, lookbackSeconds: lookback, onTimeout: onTimeout)) }
            }
        case .branch:
            let condition = reader.require("if", reader.reader("if")).flatMap(Condition.read)
            let then = target("then", reader, otherwise: below)
            if !reader.has("else") { next = nil }
            read = condition.map { .branch($0, then: then) }
        }
        reader.refuseUnknown()
        guard let id, let read else { return nil }
        return FlowNode(id: id, kind: read, next: next)
    }

    private static func target(_ name: String, _ reader: FieldReader, otherwise: String?) -> String? {
        guard let text = reader.string(name, max: 64, allowEmpty: false) else { return otherwise }
        return text == end ? nil : text
    }

    var json: JSON {
        var object = JSONObject([.init(name: "id", value: .string(id)), .init(name: "kind", value: .string(kindName))])
        let following = JSON.string(next ?? Self.end)
        switch kind {
        case .send(let templateID, let coupon):
            object["template_id"] = .string(templateID)
            object["coupon"] = coupon?.json
            object["next"] = following
        case .wait(let seconds):
            object["seconds"] = .int(seconds)
            object["next"] = following
        case .waitFor(let wait):
            object["event"] = .string(wait.event)
            object["key"] = wait.key.map(JSON.string)
            object["timeout_seconds"] = .int(wait.timeoutSeconds)
            object["lookback_seconds"] = .int(wait.lookbackSeconds)
            object["next"] = following
            object["on_timeout"] = .string(wait.onTimeout ?? Self.end)
        case .branch(let condition, let then):
            object["if"] = condition.json
            object["then"] = .string(then ?? Self.end)
            object["else"] = following
        }
        return .object(object)
    }
}
