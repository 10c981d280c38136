#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A thread of our own, for calls that block: the runtime's pool has one thread per core and must never wait for a disk.
final class WorkerThread: @unchecked Sendable {
    private var thread: pthread_t
    private var isJoined = false

    /// Starts a thread that runs `body` once. Throws `.unavailable` when the system gives no thread.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws {
        thread = try Self.start(name: name, body)
    }

    /// Waits until the thread has ended. To be called by one thread only.
    func join() {
        guard !isJoined else { return }
        isJoined = true
        pthread_join(thread, nil)
    }

    /// Runs `body` on a thread of its own; on this one when the system gives none.
    static func detach(name: String, _ body: @escaping @Sendable () -> Void) {
        do {
            pthread_detach(try start(name: name, body))
        } catch {
            body()
        }
    }

    /// Runs blocking work on a thread of its own and returns its result to the calling task.
    static func run<T: Sendable>(name: String, _ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            detach(name: name) { continuation.resume(with: Result(catching: body)) }
        }
    }

    static func run(name: String, _ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            detach(name: name) {
                body()
                continuation.resume()
            }
        }
    }

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private static func start(name: String, _ body: @escaping @Sendable () -> Void) throws -> pthread_t {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        #if canImport(Darwin)
            var thread: pthread_t?
            let code = pthread_create(
                &thread, nil,
                { argument in
                    Self.main(argument)
                    return nil
                }, start.toOpaque())
            guard code == 0, let thread else {
                start.release()
                throw StoreError.unavailable("no thread could be started (\(code))")
            }
            return thread
        #else
            var thread = pthread_t()
            let code = pthread_create(
                &thread, nil,
                { argument in
                    if let argument { WorkerThread.main(argument) }
                    return nil
                }, start.toOpaque())
            guard code == 0 else {
                start.release()
                throw StoreError.unavailable("no thread could be started (\(code))")
            }
            return thread
        #endif
    }

    private static func main(_ argument: UnsafeMutableRawPointer) {
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        #if canImport(Darwin)
            pthread_setname_np(start.name)
        #else
            // For `top -H`. The call for it is a GNU extension that Swift does not see; failing is harmless.
            let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            if file >= 0 {
                _ = start.name.withCString { write(file, $0, strlen($0)) }
                close(file)
            }
        #endif
        start.body()
    }
}
