import Core
public import TimeZones

/// The hours of a day in which pushes wait, by the clocks of a zone. Both ends are minutes of the day; the first is within, the last
/// is not.
public struct QuietHours: Sendable, Equatable {
    public let from: Int
    public let to: Int
    public let zone: TimeZone
    /// Messages from those whom the user follows, and who follow him, don't wait.
    public let letsUrgentPass: Bool

    /// From one minute to the same one there are none.
    public init(from: Int, to: Int, in zone: TimeZone, letsUrgentPass: Bool = false) {
        (self.from, self.to, self.zone, self.letsUrgentPass) = (from, to, zone, letsUrgentPass)
    }

    /// When those end that a time is in; `nil`: it is in none. What the clocks show counts: an hour that they show twice is quiet
    /// twice, and one that they skip ends when they have skipped it.
    public func end(at time: Int64) -> Int64? {
        let shown = zone.minute(at: time)
        let isWithin = from <= to ? from <= shown && shown < to : shown >= from || shown < to
        return isWithin ? zone.next(minute: to, after: time) : nil
    }

    /// `22:00`
    static func text(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }

    /// - Returns: `nil` for what is no time of a day.
    static func minute(_ text: String) -> Int? {
        let digits = Array(text.utf8)
        guard digits.count == 5, digits[2] == UInt8(ascii: ":") else { return nil }
        let numbers = [digits[0], digits[1], digits[3], digits[4]].map { Int($0) - 48 }
        guard numbers.allSatisfy((0...9).contains) else { return nil }
        let (hour, minute) = (numbers[0] * 10 + numbers[1], numbers[2] * 10 + numbers[3])
        return hour < 24 && minute < 60 ? hour * 60 + minute : nil
    }
}
