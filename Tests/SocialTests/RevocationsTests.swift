import Core
import Synchronization
import Testing

@testable import Social

@Suite struct RevocationsTests {
    private let clock = ManualClock(milliseconds: 1_800_000_000_000)

    @Test func aSessionIsKnownUntilItsLongestTokenEnds() {
        let revocations = Revocations(clock: clock)
        let (short, long) = (ID(raw: 1), ID(raw: 2))
        revocations.add(short)
        // By NOTIFY, which does not say how long; by the store, which does; and by NOTIFY again.
        revocations.add(long)
        revocations.add(long, until: clock.milliseconds() + 86_400_000)
        revocations.add(long)
        clock.advance(milliseconds: 15 * 60_000)
        revocations.forget()
        #expect(revocations.contains(short) && revocations.contains(long))
        clock.advance(milliseconds: 61_000)
        revocations.forget()
        #expect(!revocations.contains(short) && revocations.contains(long))
        clock.advance(milliseconds: 86_400_000)
        revocations.forget()
        #expect(!revocations.contains(long))
    }

    @Test func observersHearOfEachOnce() {
        let revocations = Revocations(clock: clock)
        let heard = Mutex<[ID]>([])
        revocations.observe { session in heard.withLock { $0.append(session) } }
        for raw in [1, 2, 1, 1] as [Int64] { revocations.add(ID(raw: raw)) }
        #expect(heard.withLock { $0 } == [ID(raw: 1), ID(raw: 2)])
    }
}
