import CICU

/// A time zone by its name of the IANA's, such as `Europe/London`, as ICU knows it. Times are milliseconds since 1970, minutes are
/// those of a day on the zone's clocks: 0 to 1,439.
public struct TimeZone: Sendable, Equatable {
    public static let longestName = 64
    public static let minutesOfDay = 1_440
    public static let utc = TimeZone(known: "UTC")

    public let name: String

    /// - Returns: `nil` where there is none of this name, letter for letter.
    public init?(_ name: String) {
        guard 1...Self.longestName ~= name.utf8.count, name.utf8.allSatisfy({ 0x21...0x7e ~= $0 }),
            !Self.isICUsOwn(name), martlet_zone_is_known(name) == 1
        else { return nil }
        self.name = name
    }

    private init(known name: String) { self.name = name }

    /// Old abbreviations and names that are in ICU's list and not in the IANA's.
    private static func isICUsOwn(_ name: String) -> Bool {
        let known = ["UTC", "GMT", "UCT", "CET", "EET", "MET", "WET", "EST", "MST", "HST", "PRC", "ROC", "ROK"]
        return name.utf8.count == 3 && !known.contains(name) || name == "Etc/Unknown" || name.hasPrefix("SystemV/")
    }

    /// What the zone's clocks show at a time.
    public func minute(at time: Int64) -> Int { Self.minute(time, offset: look(at: time).offset) }

    /// When the zone's clocks show a minute of the day next, after a time; where they skip it, when they have skipped it.
    public func next(minute: Int, after time: Int64) -> Int64 {
        var now = time
        // Each turn begins at a change of the clocks; there are few in a day.
        for _ in 0..<4 {
            let look = look(at: now)
            let shown = Self.minute(now, offset: look.offset)
            if now > time, shown == minute { return now }
            let ahead = (minute - shown + Self.minutesOfDay - 1) % Self.minutesOfDay + 1
            let found = Self.wholeMinute(now, offset: look.offset) + Int64(ahead) * 60_000
            guard let change = look.changes, change <= found else { return found }
            let (before, after) = (look.offset, self.look(at: change).offset)
            let skipped = Int64(minute - Self.minute(change, offset: before) + Self.minutesOfDay) % 1_440
            if after > before, skipped * 60_000 < after - before { return change }
            now = change
        }
        return now
    }

    /// When the zone's clocks show a full hour next, after a time.
    public func nextHour(after time: Int64) -> Int64 {
        let offset = look(at: time).offset
        let passed = (time + offset) % 3_600_000
        return time + 3_600_000 - (passed < 0 ? passed + 3_600_000 : passed)
    }

    private struct Look {
        /// Of the zone's clocks, milliseconds.
        let offset: Int64
        let changes: Int64?
    }

    private func look(at time: Int64) -> Look {
        var (offset, changes): (Int32, Double) = (0, 0)
        let found = martlet_zone_look(name, Double(time), &offset, &changes)
        precondition(found > 0, "ICU knows a time zone and has no times of it")
        return Look(offset: Int64(offset), changes: found == 2 ? Int64(changes) : nil)
    }

    private static func minute(_ time: Int64, offset: Int64) -> Int {
        let day = (time + offset) % 86_400_000
        return Int((day < 0 ? day + 86_400_000 : day) / 60_000)
    }

    private static func wholeMinute(_ time: Int64, offset: Int64) -> Int64 {
        let shown = (time + offset) % 60_000
        return time - (shown < 0 ? shown + 60_000 : shown)
    }
}
