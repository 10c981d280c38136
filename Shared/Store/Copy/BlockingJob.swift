import Dispatch

/// A closure for the store whose asker is a thread and not a task: a copy's own, which may wait.
final class BlockingJob<T: Sendable>: StoreJob, @unchecked Sendable {
    private let body: @Sendable (SQLConnection) throws -> T
    private let done = DispatchSemaphore(value: 0)
    private var value: T?
    private var error: (any Error)?

    init(_ body: @escaping @Sendable (SQLConnection) throws -> T) {
        self.body = body
        super.init()
    }

    override func run(_ connection: SQLConnection) -> (any Error)? {
        do {
            value = try connection.lend(body)
            return nil
        } catch {
            return error
        }
    }

    override func finish(_ error: (any Error)?) {
        self.error = error
        done.signal()
    }

    /// Blocks until the store has answered. Called exactly once.
    func wait() throws -> T {
        done.wait()
        if let error { throw error }
        guard let value else { throw StoreError.unavailable("the closure did not run") }
        return value
    }
}
