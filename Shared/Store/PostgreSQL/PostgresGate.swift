#if Postgres
    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Lets the writers of one store work side by side, or one of them alone: a transaction that lost against others several times gets its turn.
    final class PostgresGate: @unchecked Sendable {
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let change = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        // Guarded by `mutex`.
        private var inside = 0
        private var isAlone = false
        private var wantAlone = 0

        init() {
            mutex.initialize(to: pthread_mutex_t())
            change.initialize(to: pthread_cond_t())
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(change, nil)
        }

        deinit {
            pthread_cond_destroy(change)
            pthread_mutex_destroy(mutex)
            change.deallocate()
            mutex.deallocate()
        }

        func pass<T>(alone: Bool, _ body: () -> T) -> T {
            pthread_mutex_lock(mutex)
            if alone {
                wantAlone += 1
                while inside > 0 || isAlone { pthread_cond_wait(change, mutex) }
                wantAlone -= 1
                isAlone = true
            } else {
                while isAlone || wantAlone > 0 { pthread_cond_wait(change, mutex) }
                inside += 1
            }
            pthread_mutex_unlock(mutex)
            let value = body()
            pthread_mutex_lock(mutex)
            if alone { isAlone = false } else { inside -= 1 }
            pthread_cond_broadcast(change)
            pthread_mutex_unlock(mutex)
            return value
        }
    }
#endif
