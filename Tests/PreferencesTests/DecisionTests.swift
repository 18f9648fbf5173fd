import Core
import Preferences
import Testing
import TimeZones

/// What becomes of a push by preferences, without a database.
struct DecisionTests {
    private func at(_ text: String) throws -> Int64 { try #require(milliseconds(rfc3339: text)) }

    private func quiet(_ from: Int, _ to: Int, _ zone: String = "Europe/Berlin", urgent: Bool = false) throws
        -> Preferences
    {
        var wish = Preferences()
        wish.quiet = QuietHours(from: from, to: to, in: try #require(TimeZone(zone)), letsUrgentPass: urgent)
        return wish
    }

    /// `nil`: it is sent.
    @Test(
        arguments: [
            // 22:00 to 07:00 in Berlin, in winter.
            (1_320, 420, "2026-01-01T20:59:59.999Z", nil),
            (1_320, 420, "2026-01-01T21:00:00.000Z", "2026-01-02T06:00:00.000Z"),
            (1_320, 420, "2026-01-02T05:59:59.999Z", "2026-01-02T06:00:00.000Z"),
            (1_320, 420, "2026-01-02T06:00:00.000Z", nil),
            // A night that is an hour shorter, or longer.
            (1_320, 420, "2026-03-28T22:00:00.000Z", "2026-03-29T05:00:00.000Z"),
            (1_320, 420, "2026-10-24T22:00:00.000Z", "2026-10-25T06:00:00.000Z"),
            // Within a day.
            (720, 780, "2026-07-01T10:59:00.000Z", "2026-07-01T11:00:00.000Z"),
            (720, 780, "2026-07-01T11:00:00.000Z", nil),
            (720, 780, "2026-07-01T09:59:00.000Z", nil),
            // Their end is skipped; their begin is.
            (60, 150, "2026-03-29T00:30:00.000Z", "2026-03-29T01:00:00.000Z"),
            (60, 150, "2026-03-29T01:00:00.000Z", nil),
            (150, 420, "2026-03-29T00:59:59.000Z", nil),
            (150, 420, "2026-03-29T01:00:00.000Z", "2026-03-29T05:00:00.000Z"),
            // Shown twice: quiet twice.
            (120, 150, "2026-10-25T00:10:00.000Z", "2026-10-25T00:30:00.000Z"),
            (120, 150, "2026-10-25T00:40:00.000Z", nil),
            (120, 150, "2026-10-25T01:10:00.000Z", "2026-10-25T01:30:00.000Z"),
            // Until midnight, and from it.
            (1_320, 0, "2026-01-01T22:30:00.000Z", "2026-01-01T23:00:00.000Z"),
            (0, 60, "2026-01-01T22:30:00.000Z", nil),
            // None at all.
            (600, 600, "2026-01-01T09:00:00.000Z", nil), (0, 0, "2026-01-01T09:00:00.000Z", nil),
        ] as [(Int, Int, String, String?)])
    func quietHours(_ from: Int, _ to: Int, _ time: String, _ end: String?) throws {
        let found = try quiet(from, to).decision(on: "like", from: .stranger, now: try at(time))
        #expect(found == (try end.map { .hold(until: try at($0)) } ?? .send))
    }

    @Test func urgentMessagesOfMutualsDoNotWait() throws {
        let night = try at("2026-01-01T23:00:00.000Z")
        let wish = try quiet(1_320, 420, urgent: true)
        let held = PushDecision.hold(until: try at("2026-01-02T06:00:00.000Z"))
        #expect(wish.decision(on: "message", from: .mutual, now: night) == .send)
        #expect(wish.decision(on: "message", from: .followed, now: night) == held)
        #expect(wish.decision(on: "comment", from: .mutual, now: night) == held)
        #expect(try quiet(1_320, 420).decision(on: "message", from: .mutual, now: night) == held)
    }

    @Test func digests() throws {
        var wish = Preferences()
        wish.profileZone = TimeZone("Asia/Kathmandu")
        let noon = try at("2026-01-01T12:00:00.000Z")
        #expect(wish.decision(on: "like", from: .stranger, now: noon) == .send)
        wish.digest = .hourly
        #expect(
            wish.decision(on: "like", from: .stranger, now: noon)
                == .digest(until: try at("2026-01-01T12:15:00.000Z")))
        wish.digest = .daily
        #expect(
            wish.decision(on: "like", from: .stranger, now: noon)
                == .digest(until: try at("2026-01-02T03:15:00.000Z")))
        // Its time has come.
        #expect(wish.decision(on: "like", from: .stranger, isDigest: true, now: noon) == .send)
        // By the zone of the quiet hours, and behind them.
        wish.quiet = QuietHours(from: 0, to: 600, in: try #require(TimeZone("Europe/Berlin")))
        #expect(
            wish.decision(on: "like", from: .stranger, now: noon)
                == .digest(until: try at("2026-01-02T09:00:00.000Z")))
        #expect(
            wish.decision(on: "like", from: .stranger, isDigest: true, now: try at("2026-01-02T08:00:00.000Z"))
                == .hold(until: try at("2026-01-02T09:00:00.000Z")))
        wish.quiet = nil
        wish.profileZone = nil
        #expect(
            wish.decision(on: "like", from: .stranger, now: noon)
                == .digest(until: try at("2026-01-02T09:00:00.000Z")))
    }

    @Test func whatIsNotWantedIsSuppressed() {
        var wish = Preferences()
        wish.withoutPush = ["like"]
        #expect(wish.decision(on: "like", from: .mutual, now: 0) == .suppress(.type))
        #expect(wish.decision(on: "comment", from: .stranger, now: 0) == .send)
        #expect(wish.decision(on: "comment", from: .refused, now: 0) == .suppress(.muted))
        let all: [(Preferences.Actors, [ActorRelation: PushDecision])] = [
            (.all, [.nobody: .send, .stranger: .send, .followed: .send, .mutual: .send]),
            (.followed, [.nobody: .send, .stranger: .suppress(.actor), .followed: .send, .mutual: .send]),
            (.mutual, [.nobody: .send, .stranger: .suppress(.actor), .followed: .suppress(.actor), .mutual: .send]),
        ]
        for (onlyFrom, decisions) in all {
            wish.onlyFrom = onlyFrom
            for (actor, decision) in decisions {
                #expect(wish.decision(on: "comment", from: actor, now: 0) == decision, "\(onlyFrom) \(actor)")
            }
        }
    }
}
