import Core
import DomainKit
import EventLog
import Live
import Synchronization
import Testing

@testable import Feed

/// A state that is held up on its way is read again, and is counted.
@Suite struct HeldStatesTests {
    private let channel = ChannelName("held:7")!
    private let node = NodeName("node0001")!

    /// What the database has: one version more for each read, some of which take longer than a turn.
    private final class Source: Sendable {
        let reads = Mutex<Int64>(0)
        private let slow: Int64

        init(slow: Int64) { self.slow = slow }

        func read() async throws -> Channel.State? {
            let version = reads.withLock { reads in
                reads += 1
                return reads
            }
            if version <= slow { try await Task.sleep(nanoseconds: StateTurns.interval + 10_000_000) }
            return Channel.State(version: version, TestSource.envelope(version, "e-\(version)"))
        }
    }

    private func worker(_ channels: Channels, _ source: Source) -> EffectWorker {
        let kind = ChannelKind("held", .state, at: "/v1/held/{key}") { _, _ in
            true
        } state: { _ in
            try await source.read()
        }
        let channel = channel
        return EffectWorker(
            channels: channels, kinds: ChannelKinds([kind]),
            effects: [ChannelEffect(TestSource.envelope(1, "e").kind, .state) { _ in channel }])
    }

    private func record(_ number: Int64) -> LogRecord {
        let envelope = TestSource.envelope(number, "r-\(number)")
        return LogRecord(
            topic: "test.events", partition: 0, offset: number, key: "7", value: envelope.payload,
            headers: envelope.headers)
    }

    @Test(arguments: [0, 2] as [Int64]) func theLastReadWasInTime(slow: Int64) async throws {
        let server = try await TimelinesServer()
        let channels = Channels(server.timelines())
        let source = Source(slow: slow)
        _ = try await channels.register([channel], node: node)
        let late = Metrics.shared.counter(.lateStates)
        let before = late.count
        _ = try await worker(channels, source).handle([record(1), record(2)])
        #expect(source.reads.withLock { $0 } == slow + 1)
        #expect(try await channels.recover(channel, from: nil).state?.version == slow + 1)
        #expect(late.count - before == slow)
    }
}
