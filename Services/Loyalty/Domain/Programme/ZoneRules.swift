import Shared

/// A time zone as the domain sees it: how far local time is ahead of UTC at a moment. Calendar rules (expiry, caps) use the programme's zone; where
/// the zone's data come from is the service's business.
public struct ZoneRules: Sendable {
    /// Milliseconds to add to UTC for local time.
    public let offset: @Sendable (Timestamp) -> Int64

    public init(offset: @escaping @Sendable (Timestamp) -> Int64) { self.offset = offset }

    public static let utc = ZoneRules { _ in 0 }

    private static let day: Int64 = 86_400_000

    /// The local day of a moment, and the milliseconds since its midnight.
    public func local(_ time: Timestamp) -> (date: CivilDate, millisecondOfDay: Int64) {
        let local = time.adding(milliseconds: offset(time)).milliseconds
        let days = local.floorDivided(by: Self.day)
        return (CivilDate(daysSinceEpoch: Int(days)), local - days * Self.day)
    }

    /// The moment of a local time. A time that a clock change skips is read with the offset before the change.
    public func instant(_ date: CivilDate, millisecondOfDay: Int64) -> Timestamp {
        let local = Timestamp(milliseconds: Int64(date.daysSinceEpoch) * Self.day + millisecondOfDay)
        let first = local.adding(milliseconds: -offset(local))
        return local.adding(milliseconds: -offset(first))
    }

    /// The last millisecond of a local day: what is good "through" that day is good until then.
    public func endOfDay(_ date: CivilDate) -> Timestamp {
        let next = CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1)
        return instant(next, millisecondOfDay: 0).adding(milliseconds: -1)
    }
}
