import Core
import Testing
import TimeZones

/// Zones with changes of their clocks, by ICU. 2026: Berlin springs forward on March 29 at 02:00, and back on October 25 at 03:00.
struct TimeZoneTests {
    private func at(_ text: String) throws -> Int64 { try #require(milliseconds(rfc3339: text)) }

    private func next(_ zone: String, _ minute: Int, after time: String) throws -> String {
        rfc3339(milliseconds: try #require(TimeZone(zone)).next(minute: minute, after: try at(time)))
    }

    @Test(arguments: [
        ("UTC", "2026-01-01T00:00:59.999Z", 0), ("Europe/Berlin", "2026-01-01T00:00:00.000Z", 60),
        ("Europe/Berlin", "2026-07-01T23:59:00.000Z", 119), ("Asia/Kathmandu", "2026-01-01T00:00:00.000Z", 345),
        ("America/St_Johns", "2026-01-01T00:00:00.000Z", 1230), ("Pacific/Kiritimati", "2026-01-01T12:00:00.000Z", 120),
        ("Australia/Lord_Howe", "2026-07-01T00:00:00.000Z", 630), ("Asia/Seoul", "2026-01-01T15:30:00.000Z", 30),
    ])
    func whatClocksShow(_ zone: String, _ time: String, _ minute: Int) throws {
        #expect(try #require(TimeZone(zone)).minute(at: try at(time)) == minute)
    }

    @Test(arguments: [
        // As any day.
        ("Europe/Berlin", 540, "2026-01-01T07:59:59.999Z", "2026-01-01T08:00:00.000Z"),
        ("Europe/Berlin", 540, "2026-01-01T08:00:00.000Z", "2026-01-02T08:00:00.000Z"),
        ("UTC", 0, "2026-01-01T00:00:00.001Z", "2026-01-02T00:00:00.000Z"),
        // Over a change.
        ("Europe/Berlin", 540, "2026-03-28T20:00:00.000Z", "2026-03-29T07:00:00.000Z"),
        ("Europe/Berlin", 540, "2026-10-24T20:00:00.000Z", "2026-10-25T08:00:00.000Z"),
        // 02:30 is skipped, as 02:00 is, which is when; 03:00 is there.
        ("Europe/Berlin", 150, "2026-03-29T00:00:00.000Z", "2026-03-29T01:00:00.000Z"),
        ("Europe/Berlin", 120, "2026-03-29T00:00:00.000Z", "2026-03-29T01:00:00.000Z"),
        ("Europe/Berlin", 180, "2026-03-29T00:00:00.000Z", "2026-03-29T01:00:00.000Z"),
        ("Europe/Berlin", 181, "2026-03-29T00:00:00.000Z", "2026-03-29T01:01:00.000Z"),
        // 02:30 is shown twice; 03:00 once.
        ("Europe/Berlin", 150, "2026-10-25T00:00:00.000Z", "2026-10-25T00:30:00.000Z"),
        ("Europe/Berlin", 150, "2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"),
        ("Europe/Berlin", 180, "2026-10-25T00:00:00.000Z", "2026-10-25T02:00:00.000Z"),
        ("Europe/Berlin", 120, "2026-10-25T00:30:00.000Z", "2026-10-25T01:00:00.000Z"),
        // By half an hour.
        ("Australia/Lord_Howe", 135, "2026-10-03T14:00:00.000Z", "2026-10-03T15:30:00.000Z"),
        // Midnight is skipped.
        ("Africa/Cairo", 0, "2026-04-23T20:00:00.000Z", "2026-04-23T22:00:00.000Z"),
    ])
    func whenAMinuteComesNext(_ zone: String, _ minute: Int, _ time: String, _ expected: String) throws {
        #expect(try next(zone, minute, after: time) == expected)
    }

    /// Each is behind the time, and shows the minute, or the clocks have just skipped it.
    @Test func allMinutesOfAYear() throws {
        for name in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Africa/Casablanca"] {
            let zone = try #require(TimeZone(name))
            let start = try at("2026-01-01T00:13:00.000Z")
            for step in 0..<1_500 {
                let time = start + Int64(step) * 21_131_000
                let minute = step * 37 % 1_440
                let found = zone.next(minute: minute, after: time)
                #expect(found > time && found <= time + 25 * 3_600_000, "\(name) \(time) \(minute)")
                let shown = zone.minute(at: found)
                #expect(shown == minute || (shown - minute + 1_440) % 1_440 <= 60, "\(name) \(time) \(minute)")
                if shown != minute { #expect((zone.minute(at: found - 1) + 1) % 1_440 != shown) }
            }
        }
    }

    @Test func fullHours() throws {
        let kathmandu = try #require(TimeZone("Asia/Kathmandu"))
        #expect(
            rfc3339(milliseconds: kathmandu.nextHour(after: try at("2026-01-01T00:00:00.000Z")))
                == "2026-01-01T00:15:00.000Z")
        #expect(
            rfc3339(milliseconds: TimeZone.utc.nextHour(after: try at("2026-01-01T01:00:00.000Z")))
                == "2026-01-01T02:00:00.000Z")
    }

    @Test(arguments: [
        "", " ", "Europe/Nowhere", "europe/berlin", "GMT+5", "UTC+1", "PST", "JST", "Etc/Unknown", "Europe/Berlin ",
        "Europe/Berlin\0", "SystemV/PST8", "Ünïcode/Zone", String(repeating: "A", count: 65),
    ])
    func noZones(_ name: String) { #expect(TimeZone(name) == nil) }

    @Test(arguments: [
        "UTC", "GMT", "Etc/GMT+5", "Asia/Calcutta", "Asia/Kolkata", "America/Argentina/ComodRivadavia", "Japan", "EST",
    ])
    func zones(_ name: String) { #expect(TimeZone(name)?.name == name) }
}
