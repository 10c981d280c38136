#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A bounded queue between the tasks that ask and the threads that work.
final class JobQueue: @unchecked Sendable {
    enum Admission {
        case accepted, full, closed
    }

    private let limit: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    // Guarded by `mutex`.
    private var jobs: [StoreJob?] = []
    private var head = 0
    private var idle = 0
    private var isClosed = false

    init(limit: Int) {
        self.limit = limit
        mutex.initialize(to: pthread_mutex_t())
        arrival.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(arrival, nil)
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_mutex_destroy(mutex)
        arrival.deallocate()
        mutex.deallocate()
    }

    /// Jobs that wait.
    var count: Int { locked { jobs.count - head } }

    func add(_ job: StoreJob) -> Admission {
        locked {
            if isClosed { return .closed }
            if jobs.count - head >= limit { return .full }
            jobs.append(job)
            if idle > 0 { pthread_cond_signal(arrival) }
            return .accepted
        }
    }

    /// Waits for work and takes up to `most` jobs, the oldest first, but no more than one of `sharers` threads should. Empty once the queue
    /// is closed and drained. With `claimsApart`, a claim comes by itself.
    func take(upTo most: Int, sharers: Int = 1, claimsApart: Bool = false) -> [StoreJob] {
        locked {
            while jobs.count == head {
                if isClosed { return [] }
                idle += 1
                pthread_cond_wait(arrival, mutex)
                idle -= 1
            }
            let share = (jobs.count - head + sharers - 1) / sharers
            var end = min(jobs.count, head + min(most, share))
            if claimsApart, let claim = jobs[head..<end].firstIndex(where: { $0?.isClaim == true }) { end = max(claim, head + 1) }
            var taken: [StoreJob] = []
            taken.reserveCapacity(end - head)
            for index in head..<end {
                if let job = jobs[index] { taken.append(job) }
                jobs[index] = nil
            }
            head = end
            if head == jobs.count {
                jobs.removeAll(keepingCapacity: jobs.capacity <= 1_024)
                head = 0
            } else if head >= 1_024 {
                jobs.removeFirst(head)
                head = 0
            }
            return taken
        }
    }

    /// Takes no more jobs; those that wait are still handed out.
    func close() {
        locked {
            isClosed = true
            pthread_cond_broadcast(arrival)
        }
    }

    private func locked<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
