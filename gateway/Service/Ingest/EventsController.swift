import HTTPTypes
import Hummingbird
import NIOCore
import Shared
import SharedRuntime

/// `POST /v1/events`: one event, a batch, or a stream. The answer goes out once everything it counts as accepted is on disk.
struct EventsController: Sendable {
    /// JSON bodies and batches: 10 MiB. A stream has no limit but one a line.
    static let maximumJSON = 10 << 20

    let house: House
    private let journal: Journal
    private let accepted: Metrics.Counter
    private let duplicates: Metrics.Counter
    private let rejected: Metrics.Counter

    init(house: House) {
        self.house = house
        journal = Journal(house: house)
        let help = "Events sent to POST /v1/events and by store webhooks, by what became of them"
        accepted = house.metrics.counter("vefa_events_received_total", help: help, labels: ["outcome": "accepted"])
        duplicates = house.metrics.counter("vefa_events_received_total", help: help, labels: ["outcome": "duplicate"])
        rejected = house.metrics.counter("vefa_events_received_total", help: help, labels: ["outcome": "rejected"])
    }

    func ingest(_ request: Request, _ context: VefaContext) async throws -> Response {
        switch try EventForm(request.headers) {
        case .json: try await json(request, context)
        case .ndjson: try await stream(request)
        }
    }

    // MARK: - One JSON body

    private func json(_ request: Request, _ context: VefaContext) async throws -> Response {
        let body = try await request.bytes(limit: Self.maximumJSON)
        let now = house.now
        let batch =
            if body.readableBytes <= readInPlaceLimit {
                try EventBatch(body, now: now)
            } else {
                try await offLoop { try EventBatch(body, now: now) }
            }
        if let key = request.headers[.idempotencyKey], !key.isEmpty {
            return try await once(batch, IdempotencyTicket(key: key, principal: context.requirePrincipal(), request: request, bytes: body))
        }
        if let refusal = batch.refusal {
            rejected.increment()
            throw refusal
        }
        return answer(try await keep(batch))
    }

    private func keep(_ batch: EventBatch) async throws -> IngestReport {
        var report = batch.report
        if batch.good.count == 1 {
            if try await journal.keep(batch.good[0]) { report.accepted = 1 } else { report.duplicates = 1 }
        } else {
            for chunk in batch.chunks { report.add(try await journal.keep(Array(chunk))) }
        }
        return report
    }

    /// With an `Idempotency-Key` the answer is kept in the transaction of the events.
    private func once(_ batch: EventBatch, _ ticket: IdempotencyTicket) async throws -> Response {
        try await house.idempotent(ticket) { change in
            if let refusal = batch.refusal { throw refusal }
            var report = batch.report
            report.add(try Journal.append(batch.good, change))
            return .accepted(report.json)
        }.response
    }

    // MARK: - A stream

    private func stream(_ request: Request) async throws -> Response {
        let clock = house.clock
        let journal = journal
        let body = request.body
        return answer(try await offLoop { try await NDJSONImport(journal: journal, now: { clock.now }).run(body) })
    }

    // MARK: - Answering

    private func answer(_ report: IngestReport) -> Response {
        if report.accepted > 0 { accepted.increment(by: Int64(report.accepted)) }
        if report.duplicates > 0 { duplicates.increment(by: Int64(report.duplicates)) }
        if report.rejectedCount > 0 { rejected.increment(by: Int64(report.rejectedCount)) }
        return Response(status: .accepted, headers: Self.jsonHeaders, body: ResponseBody(byteBuffer: report.bytes))
    }

    private static let jsonHeaders: HTTPFields = [.contentType: "application/json"]
}
