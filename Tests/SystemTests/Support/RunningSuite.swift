import Foundation
import Shared
import SharedTesting
import Testing

/// Starts the five for the length of `body`. When it throws, what they logged last is part of the failure; `VEFA_TEST_KEEP=1` leaves the folders.
func withSuite<Result>(
    _ environment: [String: String] = [:], replicas: [ServiceName: Int] = [:], sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (SharedTesting.Suite) async throws -> Result
) async throws -> Result {
    let suite = try await SharedTesting.Suite.start(environment, replicas: replicas)
    let keep = ProcessInfo.processInfo.environment["VEFA_TEST_KEEP"] != nil
    do {
        let result = try await body(suite)
        await suite.stop(keep: keep)
        return result
    } catch {
        let logs = ServiceName.allCases.map { "── \($0.rawValue)\n\(suite.logTail(of: $0, lines: 12))" }.joined(separator: "\n")
        await suite.stop(keep: keep)
        Issue.record("\(error)\n\(logs)", sourceLocation: sourceLocation)
        throw error
    }
}

/// One running suite for all tests of a type, which leave it running and whole: `@Suite(.onOneSuite())`, then `try Running.suite()`.
struct Running: SuiteTrait, TestScoping {
    let environment: [String: String]

    @TaskLocal private static var current: SharedTesting.Suite?

    static func suite() throws -> SharedTesting.Suite { try #require(current, "the tests' type has no running suite") }

    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        try await withSuite(environment) { suite in
            try await Self.$current.withValue(suite) { try await function() }
        }
    }
}

extension Trait where Self == Running {
    static func onOneSuite(_ environment: [String: String] = [:]) -> Self { Running(environment: environment) }
}
