import Core
import Testing

@testable import Live

/// Events that tell a number: none that is older goes behind what a read has told.
@Suite struct OlderNumberTests {
    private func event(at position: Int64, version: Int64) -> SharedFrame {
        SharedFrame(Publication(event: [], type: "event", position: position), version: version)
    }

    private func end(_ position: Int64) -> LiveCursor { LiveCursor(epoch: 1, position: position) }

    @Test func whatWaitsIsReadAgain() throws {
        var session = LiveSession(from: end(5), limit: 8)
        let first = session.begin(now: 0)
        _ = session.offer(event(at: 10, version: 3))
        guard case .read(let second) = session.finished(first, at: end(9), version: 4, .told, now: 0) else {
            Issue.record("it was told behind version 4")
            return
        }
        #expect(second.held == end(9) && session.waiting == 0)
        let action = session.finished(second, at: end(10), version: 4, .told, now: 0)
        #expect(action == .send)
    }

    /// What the read has covered, what is as new, and a state, which is left out by itself.
    @Test func othersAreTold() {
        for frame in [
            event(at: 9, version: 3), event(at: 10, version: 4), event(at: 10, version: -1),
            SharedFrame(state: Publication(event: [], type: "state", position: 10), version: 3),
        ] {
            var session = LiveSession(from: end(5), limit: 8)
            let read = session.begin(now: 0)
            _ = session.offer(frame)
            let action = session.finished(read, at: end(9), version: 4, .told, now: 0)
            #expect(action == .send)
        }
    }

    @Test func withoutANumberNothingIsOlder() {
        var session = LiveSession(from: end(5), limit: 8)
        let read = session.begin(now: 0)
        _ = session.offer(event(at: 10, version: 0))
        let action = session.finished(read, at: end(9), .told, now: 0)
        #expect(action == .send)
    }
}
