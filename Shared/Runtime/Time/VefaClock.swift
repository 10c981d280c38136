public import Shared
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The time a service lives in. Normally the machine's; in sandbox mode it is set from outside and runs on at real speed from there.
/// Leases, back-off, time-outs and token expiry use ``machineNow`` instead: moving the calendar must not age those.
public final class VefaClock: Sendable {
    private let offset = Mutex<Int64>(0)
    private let frozen = Mutex<Timestamp?>(nil)

    public init() {}

    /// A clock that stands at `time` until it is set again (tests).
    public init(frozenAt time: Timestamp) {
        frozen.withLock { $0 = time }
    }

    public static var machineNow: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public var now: Timestamp {
        if let standing = frozen.withLock({ $0 }) { return standing }
        return Self.machineNow.adding(milliseconds: offset.withLock { $0 })
    }

    /// Sets the time; it runs on from there (or stands, for a frozen clock).
    public func set(_ time: Timestamp) {
        let isFrozen = frozen.withLock { standing in
            if standing != nil { standing = time }
            return standing != nil
        }
        if !isFrozen { offset.withLock { $0 = time.milliseconds - Self.machineNow.milliseconds } }
    }

    /// Milliseconds by which this clock is ahead of the machine's.
    public var offsetFromMachine: Int64 { now.milliseconds - Self.machineNow.milliseconds }
}
