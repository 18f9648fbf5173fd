import Core
import Deflate
import Testing

@testable import Live

/// Pushes for connections that agreed on compression.
@Suite struct PushDeflationTests {
    private final class Sink: FrameSink {
        var isBacklogged = false
        /// Of frames: which form, whether it is compressed, and the payload.
        var frames: [(isDeflated: Bool, payload: [UInt8])] = []

        /// The test's header: D or P, and the length in two bytes.
        func write(_ bytes: UnsafeRawBufferPointer) {
            var rest = Array(bytes)[...]
            while rest.count >= 3 {
                let (kind, high, low) = (rest.removeFirst(), rest.removeFirst(), rest.removeFirst())
                let length = Int(high) << 8 | Int(low)
                frames.append((kind == UInt8(ascii: "D"), Array(rest.prefix(length))))
                rest = rest.dropFirst(length)
            }
        }
    }

    private final class Count {
        var calls = 0
    }

    private func hub(_ count: Count) -> Hub {
        let deflater = Deflater()
        func header(_ kind: UInt8, _ length: Int, _ writer: inout ByteWriter) {
            writer.append(kind)
            writer.append(bigEndian: UInt64(length), width: 2)
        }
        let deflation = PushDeflation(
            compress: {
                count.calls += 1
                return deflater.compress($0)
            }, storedHeader: Deflater.storedHeader
        ) { header(UInt8(ascii: "D"), $1, &$2) }
        return Hub(cursors: CursorSigner(key: Array(0..<16)), deflation: deflation) {
            header(UInt8(ascii: "P"), $1, &$2)
        }
    }

    private func add(_ user: Int64, _ form: LiveForm, isDeflated: Bool, to hub: Hub, _ sink: Sink) -> Subscriber {
        let subscriber = Subscriber(
            user: ID(raw: user), kind: .webSocket(form, isDeflated: isDeflated), sink: sink,
            session: LiveSession(from: nil, limit: 10))
        hub.add(subscriber)
        _ = hub.update(subscriber) { session in
            let read = session.begin(now: 0)
            return session.finished(read, at: LiveCursor(epoch: 1, position: 1), .told, now: 0)
        }
        return subscriber
    }

    private func publication(_ text: String, at position: Int64) -> Publication {
        Publication(event: Array("{\"type\":\"x\",\"text\":\"\(text)\"}".utf8), type: "x", position: position)
    }

    /// Each reads what it would read without, and the part that all share was compressed once.
    @Test(arguments: LiveForm.allCases) func theSameMessages(_ form: LiveForm) throws {
        let count = Count()
        let hub = hub(count)
        let (plain, deflated) = ((0..<3).map { _ in Sink() }, (0..<3).map { _ in Sink() })
        var all: [Subscriber] = []
        for index in 0..<3 {
            all.append(add(Int64(index), form, isDeflated: false, to: hub, plain[index]))
            all.append(add(Int64(index), form, isDeflated: true, to: hub, deflated[index]))
        }
        let users = (0..<3).map { ID(raw: Int64($0)) }
        hub.deliver(
            SharedFrame(publication(String(repeating: "again and ", count: 40), at: 2)), toFeedsOf: users)
        hub.deliver(SharedFrame(publication("short", at: 3)), toFeedsOf: users)
        hub.flush()
        #expect(count.calls == 1)
        let inflater = Inflater()
        for (plain, deflated) in zip(plain, deflated) {
            #expect(plain.frames.map(\.isDeflated) == [false, false])
            #expect(deflated.frames.map(\.isDeflated) == [true, false])
            #expect(deflated.frames[0].payload.count < plain.frames[0].payload.count / 2)
            #expect(try inflater.inflate(deflated.frames[0].payload, atMost: 10_000) == plain.frames[0].payload)
            #expect(deflated.frames[1].payload == plain.frames[1].payload)
        }
        withExtendedLifetime(all) {}
    }

    /// What would get longer goes as it is, and is tried once.
    @Test func whatIsNotWorthIt() {
        let count = Count()
        let hub = hub(count)
        let sinks = [Sink(), Sink()]
        let all = sinks.map { add(1, .json, isDeflated: true, to: hub, $0) }
        var random = SystemRandomNumberGenerator()
        let noise = (0..<400).map { _ in UInt8.random(in: 0...255, using: &random) }
        hub.deliver(SharedFrame(Publication(event: noise, type: "x", position: 2)), toFeedsOf: [ID(raw: 1)])
        hub.flush()
        #expect(count.calls == 1 && sinks.allSatisfy { $0.frames.map(\.isDeflated) == [false] })
        // What one connection alone is told is not compressed.
        let text = String(repeating: "again and ", count: 40)
        _ = hub.encode([publication(text, at: 3)], for: all[0], epoch: 1)
        #expect(count.calls == 1)
    }
}
