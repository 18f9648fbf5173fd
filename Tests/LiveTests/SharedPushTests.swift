import Core
import Testing

@testable import Live

/// A push that is made for one and copied for others is what each would have been sent alone.
@Suite struct SharedPushTests {
    private final class Sink: FrameSink {
        var isBacklogged = false
        var bytes: [UInt8] = []
        func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
    }

    private let users = [0, 7, 9, 10, 99, 100, 4096, 8192, (1 << 53) - 1].map { ID(raw: $0) }

    @Test(arguments: LiveForm.allCases) func feeds(form: LiveForm) {
        let hub = Hub(cursors: CursorSigner(key: Array(0..<16))) { _, length, writer in
            writer.append(bigEndian: UInt64(length), width: 2)
        }
        let publication = Publication(event: Array("{\"a\":\"10\"}".utf8), type: "x", position: 5)
        let all = users.map { user in
            let (sink, one) = (Sink(), Sink())
            let subscriber = Subscriber(
                user: user, kind: .webSocket(form), sink: sink, session: LiveSession(from: nil, limit: 4))
            hub.add(subscriber)
            _ = hub.update(subscriber) { session in
                session.finished(session.begin(now: 0), at: LiveCursor(epoch: 1, position: 1), .told, now: 0)
            }
            one.bytes = hub.encode([publication], for: subscriber, epoch: 1)
            return (subscriber, sink, one)
        }
        // Each order of digits: who comes first has it made.
        for users in [users, users.reversed()] {
            for (_, sink, _) in all { sink.bytes = [] }
            hub.deliver(SharedFrame(publication), toFeedsOf: users)
            hub.flush()
            for (subscriber, sink, one) in all {
                #expect(sink.bytes == one.bytes, "\(subscriber.user)")
                _ = hub.update(subscriber) { session in
                    guard case .read(let read) = session.miss(before: .max, now: 0) else { return .none }
                    return session.finished(read, at: LiveCursor(epoch: 1, position: 1), .told, now: 0)
                }
            }
        }
    }
}
