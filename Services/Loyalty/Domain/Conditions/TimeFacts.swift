import Shared

/// What conditions see as `time`: the moment itself in the programme's time zone.
public enum TimeFacts {
    /// `hour` 0 to 23, `weekday` 1 (Monday) to 7, `date` as YYYY-MM-DD.
    public static func json(_ now: Timestamp, _ zone: ZoneRules) -> JSON {
        let (date, millisecond) = zone.local(now)
        return [
            "hour": .int(millisecond / 3_600_000), "weekday": .int(Int64(weekday(date))), "date": .string(date.text),
        ]
    }

    /// 1970-01-01 was a Thursday.
    static func weekday(_ date: CivilDate) -> Int {
        let days = Int64(date.daysSinceEpoch) + 3
        return Int(days - days.floorDivided(by: 7) * 7) + 1
    }
}
