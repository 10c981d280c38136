import HTTPTypes
public import Hummingbird
public import Logging
import NIOCore
import NIOHTTP1
import Shared
import SharedStore

/// The first and last thing a request meets: its id and trace, what went wrong turned into a problem, the numbers and the log line.
/// One middleware that records on return; wrapping response bodies to do so would cost a third of the throughput.
public struct FrontMiddleware: RouterMiddleware {
    public typealias Context = VefaContext

    private let logger: Logger
    private let durations: Metrics.Histogram
    private let counters: [Metrics.Counter]
    private let refused: Metrics.Counter

    public init(logger: Logger, metrics: Metrics) {
        self.logger = logger
        durations = metrics.histogram("vefa_http_request_seconds", help: "Time to answer a request")
        counters = (1...5).map { group in
            metrics.counter("vefa_http_requests_total", help: "Requests answered, by status class", labels: ["status": "\(group)xx"])
        }
        refused = metrics.counter("vefa_http_unavailable_total", help: "Requests answered 503")
    }

    public func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        let start = NIODeadline.now()
        let requestID = Self.requestID(request.headers[.requestID])
        let context = context.with(requestID: requestID)
        let trace = Trace(continuing: request.headers[.traceparent])
        var response = try await Trace.$current.withValue(trace) {
            do {
                try Self.refuseNul(request.uri.query)
                return try await next(request, context)
            } catch let error as HTTPParserError {
                // The caller broke off, or does not speak HTTP: the server ends the connection, and nobody is there to read a problem.
                throw error
            } catch {
                let problem = Self.report(error, of: request, requestID: requestID, to: logger)
                var reply = Reply(problem, instance: request.uri.path).response
                // The rest of a body that was refused for its length is not worth reading.
                if problem.status == 413 { reply.headers[.connection] = "close" }
                return reply
            }
        }
        response.headers[.requestID] = requestID
        response.headers[.traceparent] = trace.traceparent
        let elapsed = NIODeadline.now() - start
        durations.observe(Double(elapsed.nanoseconds) / 1e9)
        let code = response.status.code
        if (100...599).contains(code) { counters[code / 100 - 1].increment() }
        if code == 503 { refused.increment() }
        if logger.logLevel <= .debug {
            logger.debug(
                "request",
                metadata: [
                    "method": "\(request.method)", "path": "\(Self.loggedPath(request.uri.path))", "status": "\(code)", "ms": "\(elapsed.nanoseconds / 1_000_000)",
                    "request_id": "\(requestID)", "trace_id": "\(trace.traceID)",
                ])
        }
        return response
    }

    /// U+0000 in a query is refused here, for all routes; in a path it names nothing (``PathParameter``), in a header HTTP does not allow it.
    private static func refuseNul(_ query: String?) throws {
        guard let query, query.utf8.contains(UInt8(ascii: "%")) else { return }
        for item in query.formItems where item.name.utf8.contains(0) || item.value.utf8.contains(0) {
            throw Problem.invalid("?\(item.name.replacing("\0", with: ""))", "invalid", "a text may not contain U+0000")
        }
    }

    /// What a caller may hear of an error; a failure of our own is logged.
    public static func report(_ error: any Error, of request: Request, requestID: String, to logger: Logger) -> Problem {
        let problem = problem(error)
        if problem.status >= 500 {
            let reason = error is Problem ? problem.detail ?? problem.title : "\(error)"
            // An outage is told once by whoever has it; only what nobody foresaw is an error here.
            logger.log(
                level: problem.status == 503 || problem.status == 504 ? .notice : .error,
                "request failed",
                metadata: [
                    "method": "\(request.method)", "path": "\(Self.loggedPath(request.uri.path))", "code": "\(problem.code)", "reason": "\(reason)",
                    "request_id": "\(requestID)",
                ])
        }
        return problem
    }

    /// A path as it may stand in a log: without the tokens that links carry, which anybody who reads them could follow, and without addresses.
    static func loggedPath(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.utf8.count > longestLoggedPart || part.contains("@") || part.lowercased().contains("%40") ? "…" : String(part)
        }.joined(separator: "/")
    }

    /// Every id that is made here is shorter, every token longer.
    private static let longestLoggedPart = 64

    private static func requestID(_ given: String?) -> String {
        if let given, (8...128).contains(given.utf8.count), given.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) { return given }
        return TypeID.make("req", at: VefaClock.machineNow)
    }

    /// Every error as what a caller may hear of it.
    public static func problem(_ error: any Error) -> Problem {
        switch error {
        case let problem as Problem: problem
        case let store as StoreError: problem(store)
        case let error as HTTPError: problem(error)
        case let error as any HTTPResponseError: Problem(error.status.code, "http_\(error.status.code)", error.status.reasonPhrase)
        case is NIOTooManyBytesError: Problem(413, "too_large", "The body is too large")
        case let failure as ServiceCallError: failure.problem
        case is CancellationError: Problem.unavailable("The call was given up.", code: "cancelled")
        default: Problem.internalError
        }
    }

    private static func problem(_ error: StoreError) -> Problem {
        switch error {
        case .full: Problem.unavailable("The disk is full; nothing was kept.", code: "storage_full", retryAfter: 10)
        case .uniqueViolation: Problem.conflict("conflict", "Something of this identity exists already.")
        case .uncertain:
            Problem.unavailable("The store went away while it kept this; whether it did is not known. Ask again the same way.", code: "storage_unavailable")
        default: error.isOutage ? Problem.unavailable("The store cannot be reached; nothing was kept.", code: "storage_unavailable") : Problem.internalError
        }
    }

    private static func problem(_ error: HTTPError) -> Problem {
        switch error.status {
        case .notFound: Problem(404, "not_found", "Not found", detail: "There is no such route.")
        case .contentTooLarge: Problem(413, "too_large", "The body is too large")
        case .badRequest: Problem(400, "malformed", "The request could not be read", detail: error.body)
        default: Problem(error.status.code, "http_\(error.status.code)", error.status.reasonPhrase, detail: error.body)
        }
    }
}
