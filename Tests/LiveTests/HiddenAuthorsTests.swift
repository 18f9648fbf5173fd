import Core
import Testing

@testable import Live

/// Who must not see an author is told nothing of his, and misses nothing else.
@Suite struct HiddenAuthorsTests {
    private let bob = ID(raw: 7)
    private let carol = ID(raw: 8)

    private func cursor(_ position: Int64) -> LiveCursor { LiveCursor(epoch: 1, position: position) }

    private func event(_ position: Int64, by author: ID? = nil) -> SharedFrame {
        SharedFrame(Publication(event: [], type: "event", position: position), by: author)
    }

    private func taken(_ session: inout LiveSession) -> [Int64] {
        var positions: [Int64] = []
        let frames = session.take()
        for index in 0..<frames.count where session.tells(frames[index]) { positions.append(frames[index].position) }
        return positions
    }

    private func offer(_ frames: [SharedFrame], to session: inout LiveSession) {
        for frame in frames {
            let isTaken = session.offer(frame)
            #expect(isTaken)
        }
    }

    @Test func theirsAreLeftOut() {
        var session = LiveSession(from: nil, limit: 8)
        let read = session.begin(now: 0)
        _ = session.finished(read, at: cursor(10), hiding: .these([bob]), .told, now: 0)
        offer([event(11, by: bob), event(12, by: carol), event(13), event(14, by: bob)], to: &session)
        let told = taken(&session)
        #expect(told == [12, 13])
        // It is past what it was not told.
        #expect(session.cursor == cursor(14) && !session.readsAuthors)
    }

    /// What waits while the log is read is told by what the read has found.
    @Test func whatWaitedIsToldByTheReadBehindIt() {
        var session = LiveSession(from: nil, limit: 8)
        let first = session.begin(now: 0)
        offer([event(11, by: bob), event(12, by: carol)], to: &session)
        _ = session.finished(first, at: cursor(10), hiding: .these([bob]), .told, now: 0)
        let told = taken(&session)
        #expect(told == [12])
        // Who they are is another question now.
        guard case .read(let second) = session.miss(before: .max, now: 0) else {
            Issue.record("nothing is read")
            return
        }
        offer([event(13, by: bob), event(14, by: carol)], to: &session)
        _ = session.finished(second, at: cursor(12), hiding: .these([carol]), .told, now: 0)
        let later = taken(&session)
        #expect(later == [13])
    }

    @Test func tooManyAreReadFor() {
        var session = LiveSession(from: nil, limit: 8)
        let read = session.begin(now: 0)
        let many = HiddenAuthors((0...HiddenAuthors.most).map { ID(raw: Int64(1000 + $0)) })
        #expect(many == .tooMany)
        _ = session.finished(read, at: cursor(10), hiding: many, .told, now: 0)
        #expect(session.readsAuthors)
        offer([event(11), event(12, by: carol)], to: &session)
        let told = taken(&session)
        #expect(told == [11])
        let most = HiddenAuthors((0..<HiddenAuthors.most).map { ID(raw: Int64(1000 + $0)) })
        #expect(most.contains(ID(raw: 1000)) && !most.contains(bob) && many.contains(bob))
    }
}
