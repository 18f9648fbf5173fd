import Core
import Testing

@testable import Live

/// What the random walks can't show: slices, users who went meanwhile, and what is found while users are registered.
@Suite struct PartitionTrackerTests {
    private func tracker(_ users: ClosedRange<Int64>) -> PartitionTracker {
        var tracker = PartitionTracker()
        _ = tracker.subscribed()
        for user in users { tracker.add(.feed(of: ID(raw: user))) }
        for key in Array(tracker.keys) { tracker.note(key, number: 0, epoch: 7) }
        return tracker
    }

    private func registered(_ actions: [PartitionTracker.Action]) -> [LogKey] {
        actions.flatMap { if case .register(let keys) = $0 { keys } else { [LogKey]() } }
    }

    @Test func manyAreRegisteredInSlicesWithoutThoseWhoWent() {
        let count = Int64(PartitionTracker.slice + 10)
        var tracker = tracker(1...count)
        let first = registered(tracker.heardNonsense())
        #expect(first.count == PartitionTracker.slice && tracker.isRecovering)
        let gone = LogKey.feed(of: (1...count).map { ID(raw: $0) }.first { !first.users.contains($0) }!)
        tracker.remove(gone)
        let second = registered(tracker.registered(first, number: 0, epoch: 7))
        #expect(second.count == 9 && !second.contains(gone))
        #expect(tracker.registered(second, number: 0, epoch: 7) == [.look(second)])
        #expect(!tracker.isRecovering)
    }

    /// What is registered already may have been lost before it was found.
    @Test func whatIsFoundMeanwhileIsRegisteredOnceMore() {
        var tracker = tracker(1...1)
        let user = [LogKey.feed(of: ID(raw: 1))]
        #expect(tracker.heard(number: 3, epoch: 7) == [.miss(user), .register(user)])
        #expect(tracker.heard(number: 9, epoch: 7) == [.miss(user)])
        #expect(tracker.registered(user, number: 9, epoch: 7) == [.look(user), .miss(user), .register(user)])
        #expect(tracker.registered(user, number: 9, epoch: 7) == [.look(user)])
    }

    /// A client may have registered after it was told to read, and the registration may have been taken out since: nothing
    /// else would find that.
    @Test func onlyWhatWasRegisteredSinceIsReliedOn() {
        var tracker = tracker(1...2)
        let users = registered(tracker.heardNonsense())
        #expect(tracker.known(among: users).isEmpty)
        tracker.note(users[0], number: 0, epoch: 7)
        #expect(tracker.known(among: users) == [users[0]])
        _ = tracker.registered(users, number: 0, epoch: 7)
        #expect(tracker.known(among: users) == Set(users))
        tracker.remove(users[0])
        tracker.note(users[0], number: 0, epoch: 7)
        tracker.add(users[0])
        #expect(tracker.known(among: users) == [users[1]])
    }

    @Test func aRegistrationThatFailsIsTriedAgain() {
        var tracker = tracker(1...1)
        let user = [LogKey.feed(of: ID(raw: 1))]
        _ = tracker.heardNonsense()
        #expect(tracker.registrationFailed() == [.wait])
        #expect(tracker.retry() == [.miss(user), .register(user)])
    }

    @Test func withoutALinkNobodyIsRegistered() {
        var tracker = tracker(1...1)
        tracker.lost()
        #expect(tracker.heard(number: 3, epoch: 7) == [.miss([LogKey.feed(of: ID(raw: 1))])])
        #expect(
            tracker.subscribed() == [.miss([LogKey.feed(of: ID(raw: 1))]), .register([LogKey.feed(of: ID(raw: 1))])])
    }
}
