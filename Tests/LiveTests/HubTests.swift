import Core
import Testing

@testable import Live

/// Keeps what is written; can be told to be slow.
private final class Sink: FrameSink {
    var isBacklogged = false
    var bytes: [UInt8] = []
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var writes = 0

    func write(_ bytes: UnsafeRawBufferPointer) {
        self.bytes += bytes
        writes += 1
    }
}

@Suite struct HubTests {
    private let user = ID(raw: 1)
    private let signer = CursorSigner(key: Array(0..<16))

    /// The header is shown as `[length]`.
    private func makeHub() -> Hub {
        Hub(cursors: signer) { _, length, writer in writer.append("[\(length)]") }
    }

    private func frame(_ position: Int64, _ event: String? = nil) -> SharedFrame {
        SharedFrame(Publication(event: Array((event ?? "\(position)").utf8), type: "t", position: position))
    }

    private func session(limit: Int = 4) -> LiveSession { LiveSession(from: nil, limit: limit) }

    private func webSocket(_ sink: Sink, limit: Int = 4) -> Subscriber {
        Subscriber(
            user: user, kind: .webSocket(), sink: sink, session: session(limit: limit))
    }

    /// Adds it, and has its read begin.
    private func begin(_ hub: Hub, _ subscriber: Subscriber) throws -> LiveSession.Read {
        hub.add(subscriber)
        guard case .read(let read) = hub.update(subscriber, { .read($0.begin(now: 0)) }) else { throw Unexpected() }
        return read
    }

    private struct Unexpected: Error {}

    private func finish(
        _ hub: Hub, _ subscriber: Subscriber, _ read: LiveSession.Read, at position: Int64
    ) -> LiveSession.Action {
        hub.update(subscriber) { $0.finished(read, at: LiveCursor(epoch: 9, position: position), .told, now: 0) }
    }

    private func joined(_ hub: Hub, _ sink: Sink, limit: Int = 4, at position: Int64 = 10) throws -> Subscriber {
        let subscriber = webSocket(sink, limit: limit)
        let read = try begin(hub, subscriber)
        #expect(finish(hub, subscriber, read, at: position) == .none)
        return subscriber
    }

    @Test func framesThatComeTogetherGoOutInOneWrite() throws {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = try joined(hub, sink)
        hub.deliver(frame(11), toFeedsOf: [user, ID(raw: 2)])
        hub.deliver(frame(12), toFeedsOf: [user])
        #expect(sink.writes == 0)
        hub.flush()
        #expect(sink.writes == 1)
        let push = { (position: Int) in
            #"{"push":{"channel":"feed:1""# + ",\"pub\":{\"data\":\(position),\"offset\":\(position)}}}"
        }
        #expect(sink.text == "[\(push(11).utf8.count)]\(push(11))[\(push(12).utf8.count)]\(push(12))")
        #expect(subscriber.cursor.position == 12)
    }

    /// The same frame, each in its connection's form.
    @Test func formsOfConnections() throws {
        var headers: [LiveForm] = []
        let hub = Hub(cursors: signer) { form, _, _ in headers.append(form) }
        let (text, binary) = (Sink(), Sink())
        for (sink, form) in [(text, LiveForm.json), (binary, .protobuf)] {
            let subscriber = Subscriber(
                user: user, kind: .webSocket(form), sink: sink,
                session: session())
            let read = try begin(hub, subscriber)
            #expect(finish(hub, subscriber, read, at: 10) == .none)
        }
        hub.deliver(frame(11), toFeedsOf: [user])
        hub.flush()
        #expect(text.text == #"{"push":{"channel":"feed:1","pub":{"data":11,"offset":11}}}"#)
        #expect(
            binary.bytes == [0x12, 0x22, 0x10, 0x12, 6] + Array("feed:1".utf8) + [
                0x22, 6, 0x22, 2, 0x31, 0x31, 0x30, 11,
            ])
        #expect(Set(headers) == Set(LiveForm.allCases) && headers.count == 2)
    }

    @Test func whatAReadHasCoveredIsNotSentAgain() throws {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = webSocket(sink)
        let read = try begin(hub, subscriber)
        hub.deliver(frame(10), toFeedsOf: [user])
        hub.deliver(frame(11), toFeedsOf: [user])
        hub.flush()
        #expect(sink.writes == 0)
        #expect(finish(hub, subscriber, read, at: 10) == .none)
        #expect(!sink.text.contains("\"offset\":10") && sink.text.contains("\"offset\":11"))
        hub.deliver(frame(11), toFeedsOf: [user])
        hub.flush()
        #expect(sink.writes == 1)
    }

    /// What waits is dropped, and nothing more comes; it is still one of its user's connections.
    @Test func aMutedOneHearsNothing() throws {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = try joined(hub, sink)
        hub.deliver(frame(11), toFeedsOf: [user])
        hub.mute(subscriber)
        hub.flush()
        hub.deliver(frame(12), toFeedsOf: [user])
        hub.flush()
        #expect(hub.update(subscriber) { $0.drained(now: 0) } == .none)
        #expect(sink.writes == 0 && subscriber.session.phase == .over)
        #expect(hub.subscribers(of: .feed(of: user)).count == 1)
        #expect(hub.remove(subscriber))
    }

    @Test func aSlowOneKeepsReferencesThenResumes() throws {
        let hub = makeHub()
        let slow = Sink()
        let quick = Sink()
        let subscriber = try joined(hub, slow, limit: 3)
        _ = try joined(hub, quick, limit: 3)
        slow.isBacklogged = true
        for position in 11...13 { hub.deliver(frame(Int64(position)), toFeedsOf: [user]) }
        hub.flush()
        #expect(slow.writes == 0 && quick.writes == 1)
        slow.isBacklogged = false
        #expect(hub.update(subscriber) { $0.drained(now: 0) } == .none)
        #expect(slow.writes == 1 && subscriber.cursor.position == 13)

        slow.isBacklogged = true
        for position in 14...20 { hub.deliver(frame(Int64(position)), toFeedsOf: [user]) }
        hub.flush()
        slow.isBacklogged = false
        guard case .read(let read) = hub.update(subscriber, { $0.drained(now: 0) }) else { throw Unexpected() }
        #expect(slow.writes == 1 && read.held?.position == 13)
    }

    @Test func aQueueThatOverflowsWhileJoiningAsksToResume() throws {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = webSocket(sink, limit: 2)
        let read = try begin(hub, subscriber)
        for position in 11...14 { hub.deliver(frame(Int64(position)), toFeedsOf: [user]) }
        guard case .read(let second) = finish(hub, subscriber, read, at: 11) else { throw Unexpected() }
        #expect(sink.writes == 0 && second.held?.position == 11)
    }

    /// What is known to nobody here moves the position on, without a word.
    @Test func aSilentFrame() throws {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = try joined(hub, sink)
        hub.deliver(SharedFrame(silentAt: 11), toFeedsOf: [user])
        hub.flush()
        #expect(sink.writes == 0 && subscriber.cursor.position == 11 && hub.told(.feed(of: user))?.position == 11)
    }

    @Test func eventStreamsGetAnIDOfTheirOwn() throws {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = Subscriber(
            user: user, kind: .eventStream(idSuffix: Array("~s".utf8)), sink: sink, session: session())
        let read = try begin(hub, subscriber)
        #expect(finish(hub, subscriber, read, at: 1) == .none)
        hub.deliver(frame(2), toFeedsOf: [user])
        hub.flush()
        let id = LiveCursor(epoch: 9, position: 2).encode(user: user, signer)
        #expect(sink.text == "id: \(id)~s\nevent: t\ndata: 2\n\n")
    }

    /// Each event has the name of its log, and an id that is the stream's; a state without a position has none.
    @Test func eventStreamsOfSeveralLogs() throws {
        let hub = makeHub()
        let sink = Sink()
        let channel = ChannelName("post:1")!
        let subscriber = Subscriber(
            user: user, channel: channel,
            kind: .channelStream(channel: EventStreamText.member(channel: "post:1")) { "at \($0.position)" },
            sink: sink, session: session())
        let read = try begin(hub, subscriber)
        #expect(finish(hub, subscriber, read, at: 1) == .none)
        hub.deliver(frame(2, "{\"type\":\"t\"}"), to: .channel(channel))
        hub.deliver(frame(3, "{\"type\":\"t\"}"), toFeedsOf: [user])
        hub.flush()
        #expect(sink.text == "id: at 2\nevent: t\ndata: {\"channel\":\"post:1\",\"type\":\"t\"}\n\n")
        let state = Publication(event: Array("{\"v\":1}".utf8), type: "s", position: 0)
        let bytes = hub.encode([state], for: subscriber, epoch: 9)
        #expect(String(decoding: bytes, as: UTF8.self) == "event: s\ndata: {\"channel\":\"post:1\",\"v\":1}\n\n")
    }

    @Test func aSignalIsCalledAndCountsAsAConnection() throws {
        let hub = makeHub()
        var calls = 0
        let signal = Subscriber(
            user: user, kind: .signal { _ in calls += 1 }, sink: nil, session: session())
        #expect(hub.add(signal))
        hub.deliver(frame(5), toFeedsOf: [user])
        #expect(calls == 1)
        #expect(hub.remove(signal) && hub.count == 0)
        hub.deliver(frame(6), toFeedsOf: [user])
        #expect(calls == 1)
    }

    @Test func oneThatHasGoneGetsNothing() throws {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = try joined(hub, sink)
        hub.deliver(frame(11), toFeedsOf: [user])
        hub.remove(subscriber)
        hub.flush()
        #expect(sink.writes == 0)
    }
}
