import Core
import Testing

@testable import Live

/// What the random walks don't show: states, and what is read again untold.
@Suite struct LiveSessionTests {
    private func cursor(_ position: Int64) -> LiveCursor { LiveCursor(epoch: 1, position: position) }

    private func event(_ position: Int64) -> SharedFrame {
        SharedFrame(Publication(event: [], type: "event", position: position))
    }

    private func state(_ version: Int64, at position: Int64) -> SharedFrame {
        SharedFrame(state: Publication(event: [], type: "state", position: position), version: version)
    }

    private func live(knows version: Int64 = -1) -> LiveSession {
        var session = LiveSession(from: nil, limit: 4)
        let read = session.begin(now: 0)
        _ = session.finished(read, at: cursor(10), version: version, .told, now: 0)
        return session
    }

    private func offer(_ frame: SharedFrame, to session: inout LiveSession) -> Bool { session.offer(frame) }

    /// Positions of what goes out.
    private func taken(_ session: inout LiveSession) -> [Int64] {
        var positions: [Int64] = []
        let frames = session.take()
        for index in 0..<frames.count where session.tells(frames[index]) { positions.append(frames[index].position) }
        return positions
    }

    @Test func whoIsSlowGetsTheNewestState() {
        var session = live()
        for frame in [state(1, at: 11), event(12), state(3, at: 13), event(14), state(2, at: 15)] {
            #expect(offer(frame, to: &session))
        }
        #expect(session.waiting == 3)
        let positions = taken(&session)
        #expect(positions == [12, 13, 14])
        #expect(session.version == 3 && session.cursor == cursor(14))
    }

    /// However many come, states alone never are too much.
    @Test func statesTakeOnePlace() {
        var session = live()
        for version: Int64 in 1...100 { #expect(offer(state(version, at: 10 + version), to: &session)) }
        #expect(session.waiting == 1)
        let positions = taken(&session)
        #expect(positions == [110])
    }

    @Test func noStateComesAfterANewerOne() {
        var session = live(knows: 5)
        for frame in [state(4, at: 11), state(5, at: 12), event(13)] { #expect(offer(frame, to: &session)) }
        let before = taken(&session)
        #expect(before == [13])
        #expect(offer(state(6, at: 14), to: &session))
        let after = taken(&session)
        #expect(after == [14] && session.version == 6)
    }

    /// What was read has a newer one than what came meanwhile.
    @Test func aReadCoversStatesThatWaited() {
        var session = LiveSession(from: cursor(5), limit: 4)
        let read = session.begin(now: 0)
        #expect(offer(state(7, at: 20), to: &session) && offer(event(21), to: &session))
        let action = session.finished(read, at: cursor(10), version: 8, .told, now: 0)
        #expect(action == .send)
        let positions = taken(&session)
        #expect(positions == [21] && session.version == 8)
    }

    /// Nothing of it was told, so the next read begins where this one did; in all it takes no longer than one may.
    @Test func aReadThatIsDiscarded() {
        var session = LiveSession(from: cursor(5), limit: 4)
        let read = session.begin(now: 0)
        #expect(!session.isDoubtful(read))
        _ = session.miss(before: 9, now: 1)
        #expect(!session.isDoubtful(read))
        _ = session.miss(before: .max, now: 1)
        #expect(session.isDoubtful(read))
        guard case .read(let second) = session.discard(read, now: 2) else {
            Issue.record("it is not read again")
            return
        }
        #expect(second.held == cursor(5) && second.deadline == read.deadline && !second.isCharged)
        #expect(!session.awaits(read) && session.awaits(second) && !session.isDoubtful(second))
        let late = session.discard(read, now: 3)
        let last = session.discard(second, now: LiveSession.patience)
        #expect(late == .none && last == .fail)
    }
}
