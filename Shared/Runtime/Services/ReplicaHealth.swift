public import NIOCore

/// Whether one replica gets requests: ejected after repeated failures, let back in by one probing request.
///
/// A value of time passed in, no clock of its own. Connect failures count apart from failures in transit: a refused
/// connection says that nobody is there, a lost one may be the fault of one request.
public struct ReplicaHealth: Sendable {
    /// How many failures eject a replica, and for how long.
    public struct Policy: Sendable {
        /// Failed connects in a row.
        public var connectFailures = 2
        /// Time-outs and lost connections in a row.
        public var transportFailures = 5
        /// Length of the first ejection; each failed probe doubles it,
        public var firstEjection: TimeAmount = .seconds(1)
        /// up to this.
        public var longestEjection: TimeAmount = .seconds(30)

        public init() {}
    }

    public enum Standing: Equatable, Sendable {
        /// In rotation.
        case healthy
        /// Its ejection is over and the next request decides.
        case awaitingProbe
        /// Out of rotation: the time is not over yet, or the probing request is on its way.
        case ejected
    }

    private let policy: Policy
    private var connectFailures = 0
    private var transportFailures = 0
    private var ejection: TimeAmount?
    private var ejectedUntil: NIODeadline = .uptimeNanoseconds(0)
    private var isProbing = false

    public init(policy: Policy) {
        self.policy = policy
    }

    public func standing(at now: NIODeadline) -> Standing {
        guard ejection != nil else { return .healthy }
        return isProbing || now < ejectedUntil ? .ejected : .awaitingProbe
    }

    /// The request about to be sent is the one that decides.
    public mutating func beginProbe() {
        isProbing = true
    }

    /// The probing request ended without an answer to the question, for example because its client left.
    public mutating func abandonProbe() {
        isProbing = false
    }

    /// The replica answered, whatever it answered.
    public mutating func succeeded() {
        connectFailures = 0
        transportFailures = 0
        ejection = nil
        isProbing = false
    }

    public mutating func failedToConnect(at now: NIODeadline) {
        connectFailures += 1
        eject(if: connectFailures >= policy.connectFailures, at: now)
    }

    public mutating func failedInTransit(at now: NIODeadline) {
        transportFailures += 1
        eject(if: transportFailures >= policy.transportFailures, at: now)
    }

    /// It let a request's whole time pass and answered nothing else meanwhile: it hangs, and one more would only hang as well.
    public mutating func fellSilent(at now: NIODeadline) {
        eject(if: true, at: now)
    }

    private mutating func eject(if tooMany: Bool, at now: NIODeadline) {
        if let current = ejection {
            // Requests that were under way when it was ejected say nothing new; only what ran after its time does.
            guard now >= ejectedUntil else { return }
            ejection = min(current + current, policy.longestEjection)
        } else {
            guard tooMany else { return }
            ejection = policy.firstEjection
        }
        ejectedUntil = now + (ejection ?? policy.firstEjection)
        isProbing = false
    }
}
