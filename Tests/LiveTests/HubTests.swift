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
    private func makeHub(queueLimit: Int = 4) -> Hub {
        Hub(cursors: signer, queueLimit: queueLimit) { _, length, writer in writer.append("[\(length)]") }
    }

    private func frame(_ position: Int64) -> SharedFrame {
        SharedFrame(Publication(event: Array("\(position)".utf8), type: "t", position: position))
    }

    private func webSocket(_ sink: Sink, at position: Int64 = 0) -> Subscriber {
        Subscriber(
            user: user, kind: .webSocket(prefix: Array("P".utf8)), sink: sink,
            cursor: LiveCursor(epoch: 9, position: position))
    }

    private func joined(_ hub: Hub, _ sink: Sink, at position: Int64 = 10) -> Subscriber {
        let subscriber = webSocket(sink)
        hub.add(subscriber)
        #expect(hub.finishJoin(subscriber, at: LiveCursor(epoch: 9, position: position)))
        return subscriber
    }

    @Test func framesThatComeTogetherGoOutInOneWrite() {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = joined(hub, sink)
        hub.deliver(frame(11), to: [user, ID(raw: 2)])
        hub.deliver(frame(12), to: [user])
        #expect(sink.writes == 0)
        hub.flush()
        #expect(sink.writes == 1)
        let push = { (position: Int) in "P,\"pub\":{\"data\":\(position),\"offset\":\(position)}}}" }
        #expect(sink.text == "[\(push(11).utf8.count)]\(push(11))[\(push(12).utf8.count)]\(push(12))")
        #expect(subscriber.cursor.position == 12)
    }

    /// The same frame, each in its connection's form.
    @Test func formsOfConnections() {
        var headers: [LiveForm] = []
        let hub = Hub(cursors: signer) { form, _, _ in headers.append(form) }
        let (text, binary) = (Sink(), Sink())
        for (sink, form) in [(text, LiveForm.json), (binary, .protobuf)] {
            let subscriber = Subscriber(
                user: user, kind: .webSocket(prefix: form.pushPrefix(channel: "c"), form: form), sink: sink,
                cursor: LiveCursor(epoch: 9, position: 0))
            hub.add(subscriber)
            #expect(hub.finishJoin(subscriber, at: LiveCursor(epoch: 9, position: 10)))
        }
        hub.deliver(frame(11), to: [user])
        hub.flush()
        #expect(text.text == #"{"push":{"channel":"c","pub":{"data":11,"offset":11}}}"#)
        #expect(binary.bytes == [0x0D, 0x22, 0x0B, 0x12, 1, 0x63, 0x22, 6, 0x22, 2, 0x31, 0x31, 0x30, 11])
        #expect(headers == [.json, .protobuf])
    }

    @Test func whatAReadHasCoveredIsNotSentAgain() {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = webSocket(sink)
        hub.add(subscriber)
        hub.deliver(frame(10), to: [user])
        hub.deliver(frame(11), to: [user])
        hub.flush()
        #expect(sink.writes == 0)
        #expect(hub.finishJoin(subscriber, at: LiveCursor(epoch: 9, position: 10)))
        #expect(!sink.text.contains("\"offset\":10") && sink.text.contains("\"offset\":11"))
        hub.deliver(frame(11), to: [user])
        hub.flush()
        #expect(sink.writes == 1)
    }

    /// What waits is dropped, and nothing more comes; it is still one of its user's connections.
    @Test func aMutedOneHearsNothing() {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = joined(hub, sink)
        hub.deliver(frame(11), to: [user])
        hub.mute(subscriber)
        hub.flush()
        hub.deliver(frame(12), to: [user])
        hub.flush()
        hub.drained(subscriber)
        #expect(sink.writes == 0 && subscriber.isMuted && !subscriber.isLive)
        #expect(hub.connections(of: user).count == 1)
        #expect(hub.remove(subscriber))
    }

    @Test func aSlowOneKeepsReferencesThenResumes() {
        let hub = makeHub(queueLimit: 3)
        let slow = Sink()
        let quick = Sink()
        let subscriber = joined(hub, slow)
        _ = joined(hub, quick)
        var asked: [Subscriber] = []
        hub.onMustResume = { asked.append($0) }
        slow.isBacklogged = true
        for position in 11...13 { hub.deliver(frame(Int64(position)), to: [user]) }
        hub.flush()
        #expect(slow.writes == 0 && quick.writes == 1)
        slow.isBacklogged = false
        hub.drained(subscriber)
        #expect(slow.writes == 1 && subscriber.cursor.position == 13)

        slow.isBacklogged = true
        for position in 14...20 { hub.deliver(frame(Int64(position)), to: [user]) }
        hub.flush()
        slow.isBacklogged = false
        hub.drained(subscriber)
        #expect(slow.writes == 1 && asked.count == 1 && asked[0] === subscriber)
        #expect(subscriber.cursor.position == 13)
    }

    @Test func aQueueThatOverflowsWhileJoiningAsksToResume() {
        let hub = makeHub(queueLimit: 2)
        let sink = Sink()
        let subscriber = webSocket(sink)
        hub.add(subscriber)
        for position in 11...14 { hub.deliver(frame(Int64(position)), to: [user]) }
        #expect(!hub.finishJoin(subscriber, at: LiveCursor(epoch: 9, position: 11)))
        #expect(sink.writes == 0)
    }

    @Test func eventStreamsGetAnIDOfTheirOwn() {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = Subscriber(
            user: user, kind: .eventStream(idSuffix: "~s"), sink: sink, cursor: LiveCursor(epoch: 9, position: 1))
        hub.add(subscriber)
        #expect(hub.finishJoin(subscriber, at: LiveCursor(epoch: 9, position: 1)))
        hub.deliver(frame(2), to: [user])
        hub.flush()
        let id = LiveCursor(epoch: 9, position: 2).encode(user: user, signer)
        #expect(sink.text == "id: \(id)~s\nevent: t\ndata: 2\n\n")
    }

    @Test func aSignalIsCalledAndCountsAsAConnection() {
        let hub = makeHub()
        var calls = 0
        let signal = Subscriber(
            user: user, kind: .signal { calls += 1 }, sink: nil, cursor: LiveCursor(epoch: 0, position: 0))
        #expect(hub.add(signal))
        hub.deliver(frame(5), to: [user])
        #expect(calls == 1)
        #expect(hub.remove(signal) && hub.count == 0)
        hub.deliver(frame(6), to: [user])
        #expect(calls == 1)
    }

    @Test func oneThatHasGoneGetsNothing() {
        let hub = makeHub()
        let sink = Sink()
        let subscriber = joined(hub, sink)
        hub.deliver(frame(11), to: [user])
        hub.remove(subscriber)
        hub.flush()
        #expect(sink.writes == 0)
    }
}
