import NIOCore

/// Time that only goes forward and that nobody sets: limits, time-outs and cache ages go by it.
enum MachineTime {
    static var nanoseconds: UInt64 { NIODeadline.now().uptimeNanoseconds }
}
