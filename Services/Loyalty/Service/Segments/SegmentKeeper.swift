import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Keeps segments' members true as things happen, and as time passes.
struct SegmentKeeper {
    /// One timer a customer, at the next moment at which time alone changes what segments they are in.
    static let timer = "segment.age"

    let catalogue: Catalogue

    /// How it is said that members changed.
    enum Telling {
        /// Each by itself.
        case each(cause: String)
        /// All together, since a definition changed and not the customers.
        case together(cause: String)
    }

    func update(_ customerID: String, _ changes: MemberChanges, event: CloudEvent?, _ change: Change) throws {
        guard !catalogue.segments.segments.isEmpty else { return }
        let isNew = try isNew(customerID, change)
        let touched = catalogue.segments.segments.filter {
            $0.rule.takesStrangers && isNew || Self.touches(changes, event?.type, $0.rule.needs)
        }
        guard !touched.isEmpty else { return }
        try apply([customerID], Set(touched.map(\.id)), .each(cause: "event"), change)
    }

    /// Whether this may be the write that made the customer known. Asked only where it matters.
    private func isNew(_ customerID: String, _ change: Change) throws -> Bool {
        guard catalogue.segments.segments.contains(where: \.rule.takesStrangers) else { return false }
        return try change.db.exists("SELECT 1 FROM customers WHERE customer_id = \(customerID) AND updated_at = \(change.now)")
    }

    /// Whether a change can concern who asks for this.
    private static func touches(_ changes: MemberChanges, _ type: String?, _ needs: SegmentNeeds) -> Bool {
        if changes.contains(.profile), !needs.profile.isEmpty || needs.events["customer.created"] != nil { return true }
        if changes.contains(.orders), needs.orders || needs.lists != .none || needs.events.keys.contains(where: { $0.hasPrefix("order.") })
        {
            return true
        }
        if changes.contains(.points), needs.points { return true }
        if changes.contains(.tier), needs.tier { return true }
        if changes.contains(.segments), needs.namesSegments { return true }
        guard changes.contains(.events) else { return false }
        guard let type else { return !needs.events.isEmpty || !needs.surveys.isEmpty }
        return needs.events[type] != nil || type == "survey.completed" && !needs.surveys.isEmpty
    }

    /// A deleted customer is heard of again, with all that is still known of them: every segment is asked.
    static func returned(_ customerID: String, _ change: Change) throws {
        // Rare, and asked for from where no memory of the programme is at hand.
        let keeper = SegmentKeeper(catalogue: try CatalogueCache().current(change.db))
        let segments = keeper.catalogue.segments.segments
        guard !segments.isEmpty else { return }
        try keeper.apply([customerID], Set(segments.map(\.id)), .each(cause: "event"), change)
    }

    /// Time alone changed something about one customer.
    func age(_ timer: DueTimer, _ change: Change) throws {
        let timed = catalogue.segments.segments.filter(\.rule.isTimed)
        guard !timed.isEmpty else { return }
        try apply([timer.key], Set(timed.map(\.id)), .each(cause: "time"), change)
    }

    // MARK: - Asking

    /// Asks these segments about these customers, and every segment that names one whose members change by it; writes and tells what changed.
    func apply(_ customerIDs: [String], _ segmentIDs: Set<String>, _ telling: Telling, _ change: Change) throws {
        let concerned = catalogue.segments.withDependents(segmentIDs)
        guard !concerned.isEmpty, !customerIDs.isEmpty else { return }
        var needs = SegmentNeeds()
        for segment in concerned { needs.formUnion(segment.rule.needs) }
        let db = change.db
        let known = try SegmentLoader(needs: needs, catalogue: catalogue, now: change.now).load(customerIDs, db)
        var present: [String: Set<String>] = [:]
        try db.each("SELECT customer_id, segment_id FROM segment_members WHERE customer_id IN \(list: customerIDs)") { row in
            present[row.text(0), default: []].insert(row.text(1))
        }
        let context = SegmentContext(now: change.now, rfm: catalogue.segments.rfm)
        var wakes: [String: Timestamp] = [:]
        var moves = Moves()
        for facts in known {
            var facts = facts
            let id = facts.customerID
            var inside = present[id] ?? []
            var moved: Set<String> = []
            for segment in concerned {
                guard segmentIDs.contains(segment.id) || !segment.rule.needs.segments.isDisjoint(with: moved) else { continue }
                facts.segments = Array(inside)
                let holds = segment.rule.holds(facts, context)
                if holds != inside.contains(segment.id) {
                    moved.insert(segment.id)
                    if holds { inside.insert(segment.id) } else { inside.remove(segment.id) }
                    moves.note(segment.id, id, isInside: holds)
                }
                if let next = segment.rule.nextChange(facts, context) { wakes[id] = min(wakes[id] ?? next, next) }
            }
        }
        // Who is no customer any more is in no segment.
        for id in Set(customerIDs).subtracting(known.map(\.customerID)).sorted() where present[id]?.isEmpty == false {
            try SegmentMembership.leaveAll(id, change)
        }
        try write(moves, concerned, telling, change)
        try wake(wakes, change)
    }

    private struct Moves {
        var entered: [String: [String]] = [:]
        var left: [String: [String]] = [:]

        mutating func note(_ segmentID: String, _ customerID: String, isInside: Bool) {
            if isInside { entered[segmentID, default: []].append(customerID) } else { left[segmentID, default: []].append(customerID) }
        }
    }

    private func write(_ moves: Moves, _ concerned: [SegmentDefinition], _ telling: Telling, _ change: Change) throws {
        let db = change.db
        for segment in concerned {
            let entered = moves.entered[segment.id] ?? []
            let left = moves.left[segment.id] ?? []
            guard !entered.isEmpty || !left.isEmpty else { continue }
            for id in entered {
                try db.execute(
                    """
                    INSERT INTO segment_members (segment_id, customer_id, entered_at) VALUES (\(segment.id), \(id), \(change.now))
                    ON CONFLICT (segment_id, customer_id) DO NOTHING
                    """)
            }
            for id in left {
                try db.execute("DELETE FROM segment_members WHERE segment_id = \(segment.id) AND customer_id = \(id)")
            }
            switch telling {
            case .together(let cause):
                try SegmentNews.recomputed(
                    segment.id, segment.name, version: segment.version, entered: entered, left: left, cause: cause, change)
            case .each(let cause):
                for (ids, isInside) in [(entered, true), (left, false)] {
                    for id in ids { try tell(isInside, id, segment, cause, change) }
                }
            }
        }
    }

    /// While a segment is computed, whoever was not asked yet may have been moved by the definition as well as by what just happened: told as the former.
    private func tell(_ isInside: Bool, _ id: String, _ segment: SegmentDefinition, _ cause: String, _ change: Change) throws {
        if segment.isComputing {
            let waiting = try change.db.first(
                """
                SELECT cause FROM segments
                WHERE segment_id = \(segment.id) AND state = 'computing' AND (compute_after IS NULL OR compute_after < \(id))
                """
            ) { $0.text(0) }
            if let waiting {
                return try SegmentNews.recomputed(
                    segment.id, segment.name, version: segment.version, entered: isInside ? [id] : [], left: isInside ? [] : [id],
                    cause: waiting, change)
            }
        }
        try SegmentNews.moved(isInside, id, segment.id, segment.name, cause: cause, change)
    }

    /// Has each of them looked at again at their moment, unless they are looked at earlier anyway.
    private func wake(_ moments: [String: Timestamp], _ change: Change) throws {
        guard !moments.isEmpty else { return }
        let ids = moments.keys.sorted()
        var due: [String: Timestamp] = [:]
        try change.db.each("SELECT timer_key, due_at FROM timers WHERE kind = \(Self.timer) AND timer_key IN \(list: ids)") { row in
            due[row.text(0)] = row.time(1)
        }
        for id in ids {
            guard let moment = moments[id] else { continue }
            if let known = due[id], known <= moment { continue }
            try change.schedule(Self.timer, key: id, at: moment)
        }
    }
}
