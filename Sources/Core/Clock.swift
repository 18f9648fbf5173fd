import Glibc
import Synchronization

/// The time of day. Tests drive a `ManualClock`.
public protocol WallClock: Sendable {
    /// Milliseconds since 1970-01-01 (UTC).
    func milliseconds() -> Int64
}

/// A clock that never steps, for durations. Rules are told its time; what waits or serves reads it.
public protocol MonotonicClock: Sendable {
    /// Nanoseconds since a moment that stays the same while the process lives.
    func nanoseconds() -> UInt64
}

public struct SystemClock: WallClock, MonotonicClock {
    public init() {}

    public func nanoseconds() -> UInt64 { monotonicNanoseconds() }

    public func milliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}

/// Stays where it is until it is told to advance.
public final class ManualClock: WallClock, MonotonicClock {
    private let now: Mutex<Int64>

    public init(milliseconds: Int64) {
        now = Mutex(milliseconds)
    }

    public func milliseconds() -> Int64 { now.withLock { $0 } }

    public func nanoseconds() -> UInt64 { UInt64(milliseconds()) * 1_000_000 }

    public func advance(milliseconds: Int64) {
        now.withLock { $0 += milliseconds }
    }
}

/// Nanoseconds of a clock that never steps, for durations.
public func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// RFC 3339 in UTC with milliseconds, such as `2026-11-21T10:00:00.000Z`.
public func rfc3339(milliseconds: Int64) -> String {
    var writer = ByteWriter(capacity: 24)
    writer.appendTime(milliseconds: milliseconds)
    return writer.string
}

/// The milliseconds since 1970 of a time as `rfc3339` writes it, in the years 1970 to 9999; `nil` for any other text.
public func milliseconds(rfc3339 text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 24 else { return nil }
    func number(_ range: Range<Int>) -> Int64 {
        bytes[range].reduce(0) { $0 &* 10 &+ Int64($1 &- UInt8(ascii: "0")) }
    }
    // Days of the civil calendar, years beginning in March; after Howard Hinnant's public algorithm.
    let month = number(5..<7)
    let year = number(0..<4) - (month <= 2 ? 1 : 0)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + number(8..<10) - 1
    let days = year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    let seconds = days * 86_400 + number(11..<13) * 3600 + number(14..<16) * 60 + number(17..<19)
    let found = seconds * 1000 + number(20..<23)
    // Whatever else was read, it was not written like that.
    return found >= 0 && rfc3339(milliseconds: found).isExactly(text) ? found : nil
}

extension ByteWriter {
    /// Appends RFC 3339 in UTC with milliseconds. Days to civil date after Howard Hinnant's public algorithm.
    public mutating func appendTime(milliseconds: Int64) {
        let days = Int(milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds - 86_399_999) / 86_400_000)
        let rest = Int(milliseconds - Int64(days) * 86_400_000)
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        appendPadded(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), digits: 4)
        append(ascii: "-")
        appendPadded(month, digits: 2)
        append(ascii: "-")
        appendPadded(dayOfYear - (153 * monthIndex + 2) / 5 + 1, digits: 2)
        append(ascii: "T")
        appendPadded(rest / 3_600_000, digits: 2)
        append(ascii: ":")
        appendPadded(rest / 60_000 % 60, digits: 2)
        append(ascii: ":")
        appendPadded(rest / 1000 % 60, digits: 2)
        append(ascii: ".")
        appendPadded(rest % 1000, digits: 3)
        append(ascii: "Z")
    }

    private mutating func appendPadded(_ value: Int, digits: Int) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(48 + value / divisor % 10))
            divisor /= 10
        }
    }
}
