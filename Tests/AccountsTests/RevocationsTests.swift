import Core
import Synchronization
import Testing

@testable import Accounts

@Suite struct RevocationsTests {
    private let clock = ManualClock(milliseconds: 1_800_000_000_000)

    @Test func aSessionIsKnownUntilItsLongestTokenEnds() {
        let revocations = Revocations(clock: clock)
        let (short, long) = (ID(raw: 1), ID(raw: 2))
        revocations.add([short])
        // By NOTIFY, which does not say how long; by the store, which does; and by NOTIFY again.
        revocations.add([long])
        revocations.add([(long, clock.milliseconds() + 86_400_000)])
        revocations.add([long])
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
        let heard = Mutex<[Set<ID>]>([])
        revocations.observe { sessions in heard.withLock { $0.append(sessions) } }
        func add(_ raw: Int64...) { revocations.add(raw.map { ID(raw: $0) }) }
        add(1)
        add(2, 1)
        add(1)
        add()
        // Those that were found together are told at once: each call looks through all connections.
        add(3, 1, 4, 3)
        #expect(heard.withLock { $0 } == [[ID(raw: 1)], [ID(raw: 2)], [ID(raw: 3), ID(raw: 4)]])
    }

    /// All end while a look is under way, and their rows say so before it has read these.
    private final class EndingMeanwhile: EndedSessions {
        private let hasEnded = Mutex(false)

        func endedSessions(withinSeconds seconds: Int64?) async throws -> [(session: ID, until: Int64)] {
            hasEnded.withLock { $0 = true }
            return [(ID(raw: 1), .max), (ID(raw: 9), .max)]
        }

        func lastEnded() async throws -> ID { hasEnded.withLock { $0 } ? ID(raw: 5) : .zero }
    }

    /// Or their connections would end at once, and come back at once.
    @Test func whatEndsWithAllIsNotTakenForOneOfItself() async throws {
        let revocations = Revocations(clock: clock)
        let alone = Mutex<[Set<ID>]>([])
        let all = Mutex<[ID]>([])
        revocations.observe { sessions in alone.withLock { $0.append(sessions) } }
        revocations.observeAll { last in all.withLock { $0.append(last) } }
        try await revocations.load(from: EndingMeanwhile())
        #expect(all.withLock { $0 } == [ID(raw: 5)])
        #expect(alone.withLock { $0 } == [[ID(raw: 9)]])
        #expect(revocations.contains(ID(raw: 1)) && revocations.contains(ID(raw: 9)))
    }
}
