import HTTPTypes
import Hummingbird
import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("Calls between services") struct ServiceClientTests {
    private static let never = Gate()
    private static let definition = plain(.loyalty) { router, house in
        router.get("/v1/echo") { request, context in
            Reply(
                .ok,
                [
                    "kind": .from(context.principal?.kind.rawValue), "trace": .from(Trace.current?.traceID),
                    "port": .int(Int64(house.configuration.port)),
                ])
        }
        router.get("/v1/refuse") { _, _ -> Reply in throw Problem.conflict("taken", "is taken") }
        router.get("/v1/text") { _, _ in Reply(.ok, bytes: Array("hello".utf8), contentType: "text/plain") }
        router.get("/v1/nothing") { _, _ in Reply.noContent() }
        router.get("/v1/cut") { _, context -> Reply in
            try await context.channel?.close().get()
            throw CancellationError()
        }
        router.get("/v1/never") { _, _ -> Reply in
            await never.pass()
            throw CancellationError()
        }
    }

    private func withPair(_ body: (ServiceClient) async throws -> Void) async throws {
        try await withFolder { folder in
            let loyalty = try await RunningHouse.start(Self.definition, folder: folder)
            // The first of its replicas is nowhere.
            let urls = [
                "VEFA_LOYALTY_URL": "http://127.0.0.1:\(RunningHouse.nowhere),http://127.0.0.1:\(loyalty.port)",
                "VEFA_INTERNAL_KEY": RunningHouse.key,
            ]
            let caller = try await TestHouse.start(plain(.referral), environment: urls)
            let result = await outcome { try await body(caller.house.services) }
            await caller.stop()
            try await loyalty.stop()
            try result.get()
        }
    }

    private func reason(_ body: () async throws -> JSON) async -> ServiceCallError.Reason? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? ServiceCallError)?.reason
        }
    }

    private func echo(_ services: ServiceClient, _ trace: Trace) async throws -> JSON {
        try await Trace.$current.withValue(trace) { try await services.get(.loyalty, "/v1/echo", deadline: .seconds(5)) }
    }

    @Test("a call that finds nobody says so, and the next tries the next replica", .timeLimit(.minutes(1)))
    func calls() async throws {
        try await withPair { services in
            #expect(await reason { try await services.get(.loyalty, "/v1/echo", deadline: .seconds(5)) } == .unreachable)
            let trace = Trace(continuing: nil)
            let answer = try await echo(services, trace)
            #expect(answer["kind"] == "service" && answer["trace"] == .string(trace.traceID))
            #expect(
                await reason { try await services.get(.loyalty, "/v1/refuse", deadline: .seconds(5)) }
                    == .answered(.init(409, "taken", "Not possible in the present state", detail: "is taken")))
            #expect(await reason { try await services.get(.loyalty, "/v1/text", deadline: .seconds(5)) } == .unreadable)
            #expect(try await services.get(.loyalty, "/v1/nothing", deadline: .seconds(5)) == .null)
            #expect(await reason { try await services.get(.survey, "/v1/x", deadline: .seconds(5)) } == .unreachable)
        }
    }

    @Test("a connection that ends before the answer, and a deadline that passes, are told apart", .timeLimit(.minutes(1)))
    func failures() async throws {
        try await withPair { services in
            _ = await reason { try await services.get(.loyalty, "/v1/echo", deadline: .seconds(5)) }
            #expect(await reason { try await services.get(.loyalty, "/v1/cut", deadline: .seconds(5)) } == .cutOff)
            _ = await reason { try await services.get(.loyalty, "/v1/echo", deadline: .seconds(5)) }
            #expect(await reason { try await services.get(.loyalty, "/v1/never", deadline: .milliseconds(200)) } == .timedOut)
            await Self.never.open()
        }
    }

    @Test("what the caller of a caller hears: refusals as they were, everything else as an outage")
    func problems() {
        func problem(_ reason: ServiceCallError.Reason) -> Problem { ServiceCallError(service: .loyalty, reason: reason).problem }
        #expect(problem(.answered(.notFound("coupon"))).status == 404)
        #expect(problem(.answered(.internalError)).code == "upstream_unavailable")
        for reason in [.unreachable, .timedOut, .cutOff, .unreadable] as [ServiceCallError.Reason] {
            #expect(problem(reason).status == 503)
        }
    }
}
