import Shared

/// How far one person has come with one survey. A person counts once in each figure, however often they come back.
public struct PersonStanding: Sendable, Equatable {
    public var seenAt: Timestamp?
    public var lastSeenAt: Timestamp?
    public var startedAt: Timestamp?
    public var completedAt: Timestamp?
    public var closedAt: Timestamp?

    public init() {}

    public enum Deed: String, Sendable, CaseIterable {
        case seen, started, completed, closed
    }

    /// Who starts has seen, who completes has started, who closes has seen.
    public func after(_ deed: Deed, at time: Timestamp) -> PersonStanding {
        var after = self
        after.seenAt = seenAt ?? time
        after.lastSeenAt = max(lastSeenAt ?? time, time)
        switch deed {
        case .seen: break
        case .started: after.startedAt = startedAt ?? time
        case .completed:
            after.startedAt = startedAt ?? time
            after.completedAt = completedAt ?? time
        case .closed: after.closedAt = closedAt ?? time
        }
        return after
    }

    /// What both have done, of two who turn out to be one.
    public func joined(with other: PersonStanding) -> PersonStanding {
        func first(_ a: Timestamp?, _ b: Timestamp?) -> Timestamp? { [a, b].compactMap { $0 }.min() }
        var one = PersonStanding()
        one.seenAt = first(seenAt, other.seenAt)
        one.lastSeenAt = [lastSeenAt, other.lastSeenAt].compactMap { $0 }.max()
        one.startedAt = first(startedAt, other.startedAt)
        one.completedAt = first(completedAt, other.completedAt)
        one.closedAt = first(closedAt, other.closedAt)
        return one
    }

    /// Closed, and not completed before or after.
    public var countsAsClosed: Bool { closedAt != nil && completedAt == nil }

    public var figures: SurveyFigures {
        SurveyFigures(
            seen: seenAt == nil ? 0 : 1, started: startedAt == nil ? 0 : 1, completed: completedAt == nil ? 0 : 1,
            closed: countsAsClosed ? 1 : 0)
    }
}

/// How many persons have seen, started, completed and closed a survey.
public struct SurveyFigures: Sendable, Equatable {
    public var seen: Int64
    public var started: Int64
    public var completed: Int64
    public var closed: Int64

    public init(seen: Int64 = 0, started: Int64 = 0, completed: Int64 = 0, closed: Int64 = 0) {
        self.seen = seen
        self.started = started
        self.completed = completed
        self.closed = closed
    }

    public static func + (a: SurveyFigures, b: SurveyFigures) -> SurveyFigures {
        SurveyFigures(
            seen: a.seen + b.seen, started: a.started + b.started, completed: a.completed + b.completed, closed: a.closed + b.closed)
    }

    public static func - (a: SurveyFigures, b: SurveyFigures) -> SurveyFigures {
        SurveyFigures(
            seen: a.seen - b.seen, started: a.started - b.started, completed: a.completed - b.completed, closed: a.closed - b.closed)
    }
}
