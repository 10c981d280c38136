import Shared

/// Whether an event starts a run. Pure: what is known of earlier runs is passed in.
public enum FlowEntry {
    /// The latest run of the flow for the same key.
    public struct EarlierRun: Sendable, Equatable {
        public var entry: Int64
        public var enteredAt: Timestamp
        public var isInProgress: Bool

        public init(entry: Int64, enteredAt: Timestamp, isInProgress: Bool) {
            self.entry = entry
            self.enteredAt = enteredAt
            self.isInProgress = isInProgress
        }
    }

    /// Why there was no run. The codes are kept and shown by `why`.
    public enum Refusal: String, Sendable, CaseIterable {
        case tooOld = "too_old"
        case flowPaused = "flow_paused"
        case filter
        case noKey = "no_key"
        case alreadyEntered = "already_entered"
        case inProgress = "in_progress"
        case reentryInterval = "reentry_interval"
        case customerDeleted = "customer_deleted"
    }

    /// The number of the new run for its key (1 for the first), or why there is none.
    public static func decide(_ reentry: FlowDefinition.Reentry, after earlier: EarlierRun?, now: Timestamp) -> Result<Int64, Refused> {
        guard let earlier else { return .success(1) }
        switch reentry {
        case .once: return .failure(.init(earlier.isInProgress ? .inProgress : .alreadyEntered))
        case .always: return earlier.isInProgress ? .failure(.init(.inProgress)) : .success(earlier.entry + 1)
        case .afterDays(let days):
            guard !earlier.isInProgress else { return .failure(.init(.inProgress)) }
            return now >= earlier.enteredAt.adding(days: days) ? .success(earlier.entry + 1) : .failure(.init(.reentryInterval))
        }
    }

    public struct Refused: Error, Sendable, Equatable {
        public let reason: Refusal
        init(_ reason: Refusal) { self.reason = reason }
    }
}
