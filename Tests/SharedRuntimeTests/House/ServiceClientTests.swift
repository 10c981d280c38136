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

    @Test("a replica that nobody is at is left for the next within the same call", .timeLimit(.minutes(1)))
    func calls() async throws {
        try await withPair { services in
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
            #expect(await reason { try await services.get(.loyalty, "/v1/cut", deadline: .seconds(30)) } == .cutOff)
            #expect(await reason { try await services.get(.loyalty, "/v1/never", deadline: .milliseconds(200)) } == .timedOut)
            await Self.never.open()
        }
    }

    /// Two replicas that cut off what `cuts` says, by port, and count what they are asked.
    private func withReplicas(
        cuts: @escaping @Sendable (Int) -> Bool, _ body: (ServiceClient, Shelf<[Int]>, [Int]) async throws -> Void
    ) async throws {
        let asked = Shelf<[Int]>([])
        let definition = plain(.loyalty) { router, _ in
            for method in [HTTPRequest.Method.get, .post] {
                router.on("/v1/work", method: method) { request, context -> Reply in
                    let port = context.channel?.localAddress?.port ?? 0
                    asked.change { $0.append(port) }
                    guard cuts(port) else { return Reply(.ok, ["port": .int(Int64(port))]) }
                    try await context.channel?.close().get()
                    throw CancellationError()
                }
            }
        }
        try await withFolder { folder in
            let first = try await RunningHouse.start(definition, folder: folder.appendingPathComponent("a"))
            let second = try await RunningHouse.start(definition, folder: folder.appendingPathComponent("b"))
            let configuration = try HouseConfiguration(.referral) {
                ["VEFA_INTERNAL_KEY": RunningHouse.key, "VEFA_LINK_KEY": RunningHouse.key, "VEFA_LOYALTY_URL": "http://loyalty:\(first.port),http://loyalty:\(second.port)"][$0]
            }
            let services = ServiceClient(
                configuration: configuration, signer: PrincipalSigner(key: configuration.internalKey), lookup: { _ in ["127.0.0.1"] }, logger: silent)
            let result = await outcome { try await body(services, asked, [first.port, second.port]) }
            await services.shutdown()
            try await first.stop()
            try await second.stop()
            try result.get()
        }
    }

    @Test("calls go to all replicas behind a name, in turn", .timeLimit(.minutes(1)))
    func inTurn() async throws {
        try await withReplicas(cuts: { _ in false }) { services, asked, ports in
            for _ in 0..<6 { _ = try await services.get(.loyalty, "/v1/work", deadline: .seconds(30)) }
            for port in ports { #expect(asked.value.count { $0 == port } == 3) }
        }
    }

    @Test("what may be repeated is asked of another replica once when the first is cut off; what may not is reported as it is", .timeLimit(.minutes(1)))
    func repeats() async throws {
        let bad = Shelf(0)
        try await withReplicas(cuts: { $0 == bad.value }) { services, asked, ports in
            bad.value = ports[0]
            for _ in 0..<4 {
                #expect(try await services.get(.loyalty, "/v1/work", deadline: .seconds(30))["port"] == .int(Int64(ports[1])))
                let posted = try await services.post(.loyalty, "/v1/work", body: [], deadline: .seconds(30), isRepeatable: true)
                #expect(posted["port"] == .int(Int64(ports[1])))
            }
            // The one that fails is not asked every other time.
            #expect(asked.value.count { $0 == ports[0] } <= 3)
        }
        try await withReplicas(cuts: { _ in true }) { services, asked, _ in
            #expect(await reason { try await services.post(.loyalty, "/v1/work", body: [], deadline: .seconds(30)) } == .cutOff)
            #expect(asked.value.count == 1)
            #expect(await reason { try await services.get(.loyalty, "/v1/work", deadline: .seconds(30)) } == .cutOff)
            #expect(asked.value.count == 3)
        }
    }

    @Test("a call that was cut off is told as such, even if the next replica is not there", .timeLimit(.minutes(1)))
    func mayHaveDied() async throws {
        try await withFolder { folder in
            let loyalty = try await RunningHouse.start(Self.definition, folder: folder)
            let nowhere = RunningHouse.nowhere
            let configuration = try HouseConfiguration(.referral) {
                [
                    "VEFA_INTERNAL_KEY": RunningHouse.key, "VEFA_LINK_KEY": RunningHouse.key,
                    "VEFA_LOYALTY_URL": "http://127.0.0.1:\(nowhere),http://127.0.0.1:\(loyalty.port)",
                ][$0]
            }
            let services = ServiceClient(configuration: configuration, signer: PrincipalSigner(key: configuration.internalKey), logger: silent)
            #expect(await reason { try await services.get(.loyalty, "/v1/cut", deadline: .seconds(30)) } == .cutOff)
            await services.shutdown()
            try await loyalty.stop()
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
