import Hummingbird
import Shared
import SharedStore

/// The routes every service has: is it alive, can it serve, its numbers; and, between services, events, positions, the clock and its
/// parts of the customer 360.
struct HouseRoutes {
    let house: House
    let definition: ServiceDefinition

    func addPublic(to router: Router<VefaContext>) {
        router.get("/healthz") { _, _ in Reply(.ok, ["status": "ok"]) }
        router.get("/readyz") { _, _ in await readiness() }
        router.get("/metrics") { _, _ in
            Reply(.ok, bytes: Array(house.metrics.text.utf8), contentType: "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    func addInternal(to group: RouterGroup<VefaContext>) {
        group.post("/internal/v1/events") { request, _ in try await receive(request) }
        group.get("/internal/v1/positions/:publisher") { request, context in try await position(request, context) }
        group.post("/internal/v1/backups") { request, _ in try await backup(request) }
        group.get("/internal/v1/clock") { _, _ in try await clock() }
        group.post("/internal/v1/clock") { request, _ in try await setClock(request) }
        if let overview = definition.overview {
            group.get("/internal/v1/overview/:customer_id") { [house] _, context in
                let customer = try context.parameter("customer_id")
                return Reply(.ok, .object(try await house.read { try overview(customer, house, $0) }))
            }
        }
    }

    private func readiness() async -> Reply {
        var reasons = await definition.unready(house)
        do {
            try await house.read { _ = try $0.exists("SELECT 1 FROM meta LIMIT 1") }
        } catch {
            reasons.append("store")
        }
        return Reply(reasons.isEmpty ? .ok : .serviceUnavailable, ["status": reasons.isEmpty ? "ready" : "not ready", "reasons": .from(reasons)])
    }

    // MARK: - Events

    private static let batchLimit = 64 << 20

    private func receive(_ request: Request) async throws -> Reply {
        let batch = try Wire.Batch(try await request.json(limit: Self.batchLimit, depthLimit: JSONParser.ownDepth))
        let inbox = house.inbox
        // A part that is kept stays: after a failure in a later one the publisher asks how far it went.
        var answer: JSON = .null
        for part in batch.parts(of: house.store.dialect.savepointLimit) {
            switch try await house.write({ try inbox.apply(part, $0) }) {
            case .applied(let position, let reports):
                answer = ["position": .int(position), "reports": .array(reports.map(\.json))]
            case .rewind(let standing):
                return Reply(.ok, ["position": .int(standing.position), "report": .int(standing.report), "rewind": true])
            }
        }
        return Reply(.ok, answer)
    }

    private func position(_ request: Request, _ context: VefaContext) async throws -> Reply {
        guard let publisher = ServiceName(rawValue: try context.parameter("publisher")) else { throw Problem.notFound("such publisher") }
        let epoch = request.query("epoch") ?? ""
        let inbox = house.inbox
        let standing = try await house.read { try inbox.standing(of: publisher, epoch: epoch, $0) }
        return Reply(.ok, ["position": .int(standing.position), "report": .int(standing.report), "last": standing.last?.json ?? .null])
    }

    // MARK: - The clock

    /// What the gateway asks while it moves the time: the clock, what is due, and whether everything said has been heard.
    private func clock() async throws -> Reply {
        let standing = try await house.standing()
        return Reply(.ok, standing.json)
    }

    private func setClock(_ request: Request) async throws -> Reply {
        guard house.configuration.sandbox else { throw Problem.notFound("clock to set outside the sandbox") }
        let body = try await request.json()
        guard let milliseconds = body["now"]?.int else { throw Problem.invalid("/now", "missing", "milliseconds since 1970") }
        try await ClockKeeper.set(Timestamp(milliseconds: milliseconds), isFirst: body["first"]?.bool ?? false, house)
        return try await clock()
    }
}

/// Where a service stands with its work, for whoever moves the clock.
struct HouseStanding: Sendable {
    var now: Timestamp
    /// The earliest timer; nil when there is none.
    var nextDue: Timestamp?
    /// Timers due by now, those being run included.
    var due: Int64
    /// Events said that some subscriber has not taken yet.
    var undelivered: Int64
    /// Grows with every event said and with every batch heard: two askings between which it stood still enclose a moment of rest.
    var activity: Int64

    var isQuiet: Bool { due == 0 && undelivered == 0 }

    var json: JSON {
        [
            "now": .int(now.milliseconds), "next_due": .from(nextDue?.milliseconds), "due": .int(due), "undelivered": .int(undelivered),
            "activity": .int(activity),
        ]
    }

    init(now: Timestamp, nextDue: Timestamp?, due: Int64, undelivered: Int64, activity: Int64) {
        self.now = now
        self.nextDue = nextDue
        self.due = due
        self.undelivered = undelivered
        self.activity = activity
    }

    init?(_ json: JSON) {
        guard let now = json["now"]?.int, let due = json["due"]?.int, let undelivered = json["undelivered"]?.int,
            let activity = json["activity"]?.int
        else { return nil }
        self.init(
            now: Timestamp(milliseconds: now), nextDue: json["next_due"]?.int.map(Timestamp.init(milliseconds:)), due: due, undelivered: undelivered,
            activity: activity)
    }
}

extension House {
    func standing() async throws -> HouseStanding {
        let timers = timers
        let outbox = outbox
        let now = now
        let subscribers = EventRouting.subscriptions(of: name)
        return try await read { db in
            let last = try outbox.lastPosition(db)
            let positions = try outbox.positions(db)
            let slowest = subscribers.map { positions[$0.subscriber] ?? 0 }.min() ?? last
            let unnumbered = try outbox.unnumbered(db, upTo: Sequencer.most)
            let heard = try db.all("SELECT position FROM inbox_positions") { $0.int(0) }
            return HouseStanding(
                now: now, nextDue: try timers.nextDue(db), due: try timers.dueCount(db, now: now), undelivered: max(0, last - slowest) + unnumbered,
                activity: heard.reduce(last, &+))
        }
    }
}
