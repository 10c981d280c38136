import LoyaltyDomain
import Shared
import SharedStore

/// Gathers what segments ask about, for one customer or for a page of all of them, each kind of fact with one query. Asks for nothing that nobody needs.
struct SegmentLoader {
    let needs: SegmentNeeds
    let catalogue: Catalogue
    let now: Timestamp

    /// Which customers a query is about.
    enum Scope {
        case ids([String])
        /// Behind the first, up to and with the last.
        case range(String, String)

        func sql(_ column: String) -> SQL {
            switch self {
            case .ids(let ids): "\(raw: column) IN \(list: ids)"
            case .range(let after, let through): "\(raw: column) > \(after) AND \(raw: column) <= \(through)"
            }
        }
    }

    /// These customers, those that there are and that were not deleted.
    func load(_ ids: [String], _ db: SQLConnection) throws -> [SegmentFacts] {
        var found = try customers("c.customer_id IN \(list: ids) AND c.deleted_at IS NULL", limit: nil, db)
        if !found.isEmpty { try fill(&found, .ids(found.map(\.customerID)), db) }
        return found
    }

    /// The next customers behind `after`, by id; empty at the end.
    func page(after: String, limit: Int, _ db: SQLConnection) throws -> [SegmentFacts] {
        var found = try customers("c.customer_id > \(after) AND c.deleted_at IS NULL", limit: limit, db)
        if let last = found.last { try fill(&found, .range(after, last.customerID), db) }
        return found
    }

    // MARK: - The customers themselves

    private static let columns: [(name: String, column: String)] = [
        ("id", "c.customer_id"), ("guest", "c.guest"), ("email", "c.email"), ("phone", "c.phone"), ("first_name", "c.first_name"),
        ("last_name", "c.last_name"), ("locale", "c.locale"), ("timezone", "c.timezone"), ("country", "c.country"), ("region", "c.region"),
        ("city", "c.city"), ("birthday", "c.birthday"), ("accepts_marketing", "c.accepts_marketing"), ("tags", "c.tags"),
        ("traits", "c.traits"),
        ("created_at", "c.created_at"),
    ]

    private func customers(_ condition: SQL, limit: Int?, _ db: SQLConnection) throws -> [SegmentFacts] {
        let asksCreation = needs.events["customer.created"] != nil
        let profile = Self.columns.filter { needs.profile.contains($0.name) || $0.name == "created_at" && asksCreation }
        let account = needs.points || needs.tier
        let names =
            ["c.customer_id"] + profile.map(\.column)
            + (account ? ["m.active", "m.pending", "m.debt", "m.lifetime_earned", "m.lifetime_spent", "m.tier_id"] : [])
        let source = account ? CustomerRecord.source : "customers c"
        let end: SQL = limit.map { "LIMIT \($0)" } ?? ""
        let rows = try db.all(
            """
            SELECT \(raw: names.joined(separator: ", ")) FROM \(raw: source) WHERE \(condition) ORDER BY c.customer_id \(end)
            """
        ) { row in
            var facts = SegmentFacts(customerID: row.text(0))
            var members: [JSONObject.Member] = []
            for (index, field) in profile.enumerated() where !row.isNull(index + 1) {
                let column = index + 1
                if field.name == "created_at", asksCreation { facts.events["customer.created"] = [row.int(column)] }
                members.append(.init(name: field.name, value: Self.value(field.name, row, column)))
            }
            facts.customer = JSONObject(members)
            if account {
                let first = profile.count + 1
                let counters = MemberCounters(
                    active: row.int(first), pending: row.int(first + 1), debt: row.int(first + 2), lifetimeEarned: row.int(first + 3),
                    lifetimeSpent: row.int(first + 4))
                facts.balance = counters.balance
                facts.pending = counters.pending
                facts.lifetimeEarned = counters.lifetimeEarned
                facts.lifetimeSpent = counters.lifetimeSpent
                let tier = catalogue.tier(row.textOrNil(first + 5))
                facts.tierID = tier?.id
                facts.tierName = tier?.name
            }
            return facts
        }
        return rows
    }

    private static func value(_ name: String, _ row: SQLRow, _ column: Int) -> JSON {
        switch name {
        case "guest", "accepts_marketing": .bool(row.bool(column))
        case "tags", "traits": row.json(column)
        case "created_at": .from(row.time(column))
        default: .string(row.text(column))
        }
    }

    // MARK: - What belongs to them

    private func fill(_ found: inout [SegmentFacts], _ scope: Scope, _ db: SQLConnection) throws {
        let places = Dictionary(uniqueKeysWithValues: found.enumerated().map { ($0.element.customerID, $0.offset) })
        if needs.orders { try figures(&found, places, scope, db) }
        switch needs.lists {
        case .none: break
        case .all: try lists(&found, places, scope, texts: [], db)
        case .withText(let texts): try lists(&found, places, scope, texts: texts.sorted(), db)
        }
        if !needs.events.isEmpty { try events(&found, places, scope, db) }
        if !needs.surveys.isEmpty {
            try db.each(
                """
                SELECT customer_id, survey_id, question_id, answer FROM customer_answers
                WHERE \(scope.sql("customer_id")) AND survey_id IN \(list: needs.surveys.sorted())
                """
            ) { row in
                guard let place = places[row.text(0)] else { return }
                found[place].answers[SegmentFacts.answerKey(survey: row.text(1), question: row.text(2))] = row.json(3)
            }
        }
        if needs.namesSegments {
            try db.each("SELECT customer_id, segment_id FROM segment_members WHERE \(scope.sql("customer_id"))") { row in
                if let place = places[row.text(0)] { found[place].segments.append(row.text(1)) }
            }
        }
    }

    /// One range of an index that holds everything asked here.
    private func figures(_ found: inout [SegmentFacts], _ places: [String: Int], _ scope: Scope, _ db: SQLConnection) throws {
        try db.each(
            """
            SELECT customer_id, COUNT(*), MIN(placed_at), MAX(placed_at), \(OrderFigures.sums(catalogue.programme.currency?.code))
            FROM orders WHERE \(scope.sql("customer_id")) AND cancelled_at IS NULL GROUP BY customer_id
            """
        ) { row in
            guard let place = places[row.text(0)] else { return }
            found[place].orders = OrderFigures(
                count: row.int(1), total: OrderFigures.total(row, 4), firstAt: row.timeOrNil(2), lastAt: row.timeOrNil(3))
        }
    }

    /// What stands in the lines; only of orders that have one of `texts` in them, where these are said.
    private func lists(
        _ found: inout [SegmentFacts], _ places: [String: Int], _ scope: Scope, texts: [String], _ db: SQLConnection
    ) throws {
        var filter: SQL = ""
        for (index, text) in texts.enumerated() { filter.append("\(raw: index == 0 ? " AND (" : " OR ") items LIKE \("%\(text)%")") }
        if !texts.isEmpty { filter.append(")") }
        try db.each(
            """
            SELECT customer_id, items, coupon_codes, channel FROM orders
            WHERE \(scope.sql("customer_id")) AND cancelled_at IS NULL\(filter)
            """
        ) { row in
            guard let place = places[row.text(0)] else { return }
            for item in row.json(1).array ?? [] {
                for (list, name) in [(SegmentField.OrderList.categories, "categories"), (.products, "product_id"), (.skus, "sku")] {
                    Self.add(item[name], to: list, &found[place])
                }
            }
            Self.add(row.json(2), to: .coupons, &found[place])
            Self.add(.from(row.textOrNil(3)), to: .channels, &found[place])
        }
    }

    private static func add(_ value: JSON?, to list: SegmentField.OrderList, _ facts: inout SegmentFacts) {
        switch value {
        case nil, .null: return
        case .array(let items): facts.lists[list, default: []] += items.filter { !$0.isNull }
        case .some(let one): facts.lists[list, default: []].append(one)
        }
    }

    // MARK: - Events

    private func events(_ found: inout [SegmentFacts], _ places: [String: Int], _ scope: Scope, _ db: SQLConnection) throws {
        func take(_ query: SQL) throws {
            try db.each(query) { row in
                if let place = places[row.text(0)] { found[place].events[row.text(1), default: []].append(row.int(2)) }
            }
        }
        var noted: [String] = []
        for type in needs.events.keys.sorted() {
            switch type {
            case "customer.created": break
            case "order.placed", "order.paid", "order.cancelled":
                let column = ["order.placed": "placed_at", "order.paid": "paid_at"][type] ?? "cancelled_at"
                try take(
                    """
                    SELECT customer_id, \(raw: "'\(type)'"), \(raw: column) FROM orders
                    WHERE \(scope.sql("customer_id")) AND \(raw: column) IS NOT NULL
                    """)
            case "order.refunded":
                try take(
                    """
                    SELECT o.customer_id, 'order.refunded', r.at FROM orders o JOIN order_refunds r ON r.order_id = o.order_id
                    WHERE \(scope.sql("o.customer_id"))
                    """)
            case "order.fulfilled", "order.shipped", "order.delayed", "order.delivered":
                try take(
                    """
                    SELECT o.customer_id, s.type, s.at FROM orders o JOIN order_shipments s ON s.order_id = o.order_id
                    WHERE \(scope.sql("o.customer_id")) AND s.type = \(type)
                    """)
            default: noted.append(type)
            }
        }
        if !noted.isEmpty {
            // Where every count has a window, nothing before the longest of them can matter any more.
            let windows = noted.compactMap { needs.events[$0] ?? nil }
            let earliest = windows.count == noted.count ? now.adding(days: -(windows.max() ?? 0)) : Timestamp(milliseconds: .min)
            try take(
                """
                SELECT customer_id, type, at FROM customer_events
                WHERE \(scope.sql("customer_id")) AND type IN \(list: noted) AND at >= \(earliest)
                """)
        }
        for place in found.indices {
            for type in needs.events.keys { found[place].events[type]?.sort() }
        }
    }
}
