import NIOCore

/// Whether one replica gets requests: ejected after repeated failures, let back in by one probing request.
///
/// A value of time passed in, no clock of its own. Connect failures count apart from failures in transit: a refused
/// connection says that nobody is there, a lost one may be the fault of one request.
struct ReplicaHealth {
    /// How many failures eject a replica, and for how long.
    struct Policy: Sendable {
        /// Failed connects in a row.
        var connectFailures = 2
        /// Time-outs and lost connections in a row.
        var transportFailures = 5
        /// Length of the first ejection; each failed probe doubles it,
        var firstEjection: TimeAmount = .seconds(1)
        /// up to this.
        var longestEjection: TimeAmount = .seconds(30)
    }

    enum Standing: Equatable {
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

    init(policy: Policy) {
        self.policy = policy
    }

    func standing(at now: NIODeadline) -> Standing {
        guard ejection != nil else { return .healthy }
        return isProbing || now < ejectedUntil ? .ejected : .awaitingProbe
    }

    /// The request about to be sent is the one that decides.
    mutating func beginProbe() {
        isProbing = true
    }

    /// The probing request ended without an answer to the question, for example because its client left.
    mutating func abandonProbe() {
        isProbing = false
    }

    /// The replica answered, whatever it answered.
    mutating func succeeded() {
        connectFailures = 0
        transportFailures = 0
        ejection = nil
        isProbing = false
    }

    mutating func failedToConnect(at now: NIODeadline) {
        connectFailures += 1
        eject(if: connectFailures >= policy.connectFailures, at: now)
    }

    mutating func failedInTransit(at now: NIODeadline) {
        transportFailures += 1
        eject(if: transportFailures >= policy.transportFailures, at: now)
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
