import Synchronization

/// Counts for several tasks.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func raise(to value: Int) { count.withLock { $0 = max($0, value) } }

    /// Adds and answers the value before.
    @discardableResult
    func add(_ amount: Int = 1) -> Int {
        count.withLock { value in
            defer { value += amount }
            return value
        }
    }
}

/// Runs `body` for every element, `width` at a time; the first error ends it.
func inParallel<Element: Sendable>(
    _ elements: [Element], width: Int = 8, _ body: @escaping @Sendable (Element) async throws -> Void
) async throws {
    let next = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<width {
            group.addTask {
                while true {
                    let index = next.add()
                    guard index < elements.count else { return }
                    try await body(elements[index])
                }
            }
        }
        try await group.waitForAll()
    }
}
