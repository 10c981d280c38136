import Shared

/// Whether an event starts a run. Pure: what is known of earlier runs is passed in.
public enum FlowEntry {
    /// The latest run of the flow for the same key.
    public struct EarlierRun: Sendable, Equatable {
        public var entry: Int64
        public var enteredAt: Timestamp
        public var isInProgress: Bool
        /// It ended because what began it no longer holds, and nobody was written to: it counts for nothing.
        public var wasTakenBack: Bool

        public init(entry: Int64, enteredAt: Timestamp, isInProgress: Bool, wasTakenBack: Bool = false) {
            self.entry = entry
            self.enteredAt = enteredAt
            self.isInProgress = isInProgress
            self.wasTakenBack = wasTakenBack
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
        /// What ends such a run had come already.
        case alreadyLeft = "already_left"
    }

    /// The number of the new run for its key (1 for the first), or why there is none.
    public static func decide(_ reentry: FlowDefinition.Reentry, after earlier: EarlierRun?, now: Timestamp) -> Result<Int64, Refused> {
        guard let earlier else { return .success(1) }
        guard !earlier.isInProgress else { return .failure(.init(.inProgress)) }
        guard !earlier.wasTakenBack else { return .success(earlier.entry + 1) }
        switch reentry {
        case .once: return .failure(.init(.alreadyEntered))
        case .always: return .success(earlier.entry + 1)
        case .afterDays(let days):
            return now >= earlier.enteredAt.adding(days: days) ? .success(earlier.entry + 1) : .failure(.init(.reentryInterval))
        }
    }

    public struct Refused: Error, Sendable, Equatable {
        public let reason: Refusal
        init(_ reason: Refusal) { self.reason = reason }
    }

    /// What the trigger's event does to the run that is in progress for its key.
    public enum Repetition: Sendable, Equatable {
        case nothing
        /// The run is about the event's data from now on.
        case refresh
        /// The same, and it begins anew.
        case restart
        /// The run ends.
        case takeBack
    }

    /// `isNewer`: the event is not older than what the run is about (events may overtake each other).
    public static func repetition(
        _ onRepeat: FlowDefinition.OnRepeat, isNewer: Bool, filterHolds: Bool, hasSent: Bool
    ) -> Repetition {
        guard onRepeat != .ignore, isNewer else { return .nothing }
        guard filterHolds else { return .takeBack }
        return onRepeat == .restart && !hasSent ? .restart : .refresh
    }
}
