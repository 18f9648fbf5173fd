import Core
import Live
import Posts
import TestSupport
import Testing

@testable import Feed

@Suite struct NodeMessageTests {
    private let epoch = UInt64(0x0123_4567_89ab_cdef)
    private let head: [UInt8] = [0, 0, 0, 0, 0, 1, 0] + [0, 0, 0, 0, 0, 2, 1] + Array("0123456789abcdef".utf8)

    private var event: NodeMessage {
        message(.operation(.deleted, post: ID(raw: 3), author: ID(raw: 4), payload: Array("{}".utf8)))
    }

    private var named: NodeMessage {
        var envelope = Envelope(
            EventKind("poll.closed", version: 258)!, eventID: "e1", TraceContext(requestID: "r1", traceparent: "00-1"),
            payload: Array("{}".utf8))
        envelope[.post] = ID(raw: 3)
        envelope[.author] = ID(raw: 4)
        return message(.envelope(envelope))
    }

    private func message(_ content: NodeEvent.Content) -> NodeMessage {
        let event = NodeEvent(content, recipients: [ID(raw: 5), .max], missing: [ID(raw: 6)])
        return NodeMessage(number: 256, position: 513, epoch: epoch, body: .event(event))
    }

    private func named(_ requestID: String, _ json: String) -> NodeMessage {
        let kind = EventKind("post.created", version: 1)!
        return message(
            .envelope(
                Envelope(kind, eventID: "e1", TraceContext(requestID: requestID), payload: Array(json.utf8))))
    }

    private let users: [UInt8] =
        [0, 0, 0, 2] + [0, 0, 0, 0, 0, 0, 5] + [0x1f, 255, 255, 255, 255, 255, 255]
        + [0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 6]

    @Test func goldenEvent() {
        let bytes =
            [1, 1] + head + [2] + [0, 0, 0, 0, 0, 0, 3] + [0, 0, 0, 0, 0, 0, 4] + users + [0, 0, 0, 2, 0x7b, 0x7d]
        #expect(event.bytes == bytes)
        #expect(NodeMessage(bytes) == event)
        #expect(NodeMessage(bytes)?.kind == "post.deleted")
    }

    @Test func goldenNamedEvent() {
        var bytes = [2, 1] + head + users
        bytes += [11] + Array("poll.closed".utf8) + [1, 2]
        bytes += [2] + Array("e1".utf8) + [2] + Array("r1".utf8) + [4] + Array("00-1".utf8)
        bytes += [2, 6] + Array("author".utf8) + [1] + Array("4".utf8)
        bytes += [4] + Array("post".utf8) + [1] + Array("3".utf8)
        bytes += [0, 0, 0, 2, 0x7b, 0x7d]
        #expect(named.bytes == bytes)
        #expect(NodeMessage(bytes) == named)
        #expect(NodeMessage(bytes)?.kind == "poll.closed (version 258)")
    }

    /// What a later version writes says where it is in the row of numbers, and nothing else.
    @Test(arguments: [
        (UInt8(1), UInt8(4), [UInt8]()), (1, 255, [1, 2, 3]), (2, 2, []), (2, 9, [7]), (3, 1, [0]), (255, 0, []),
        // Operations that are not known, whatever comes behind them.
        (1, 1, [4]), (1, 1, [0, 0, 1]),
    ])
    func whatIsNotKnownCounts(_ version: UInt8, _ kind: UInt8, _ rest: [UInt8]) throws {
        let bytes = [version, kind] + head + rest
        let message = try #require(NodeMessage(bytes))
        #expect(message.number == 256 && message.position == 513 && message.epoch == epoch)
        #expect(message.body == .unknown(version: version, kind: kind, rest: rest))
        #expect(message.bytes == bytes)
        #expect(NodeMessage(Array(bytes.prefix(31))) == nil)
    }

    @Test func goldenProbe() {
        let probe = NodeMessage(number: 256, position: 513, epoch: epoch, body: .probe)
        #expect(probe.bytes == [1, 2] + head)
        #expect(NodeMessage([1, 2] + head) == probe)
    }

    @Test func goldenReset() {
        let reset = NodeMessage(number: 256, position: 513, epoch: epoch, body: .reset([ID(raw: 258)]))
        let bytes = [1, 3] + head + [0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2]
        #expect(reset.bytes == bytes)
        #expect(NodeMessage(bytes) == reset)
    }

    @Test func goldenChannelMessages() throws {
        let channel = try #require(ChannelName("tag:한글"))
        let name: [UInt8] = [10] + Array("tag:한글".utf8)
        var envelope: [UInt8] = [11] + Array("poll.closed".utf8) + [1, 2]
        envelope += [2] + Array("e1".utf8) + [2] + Array("r1".utf8) + [0, 0] + [0, 0, 0, 2, 0x7b, 0x7d]
        let event = Envelope(
            EventKind("poll.closed", version: 258)!, eventID: "e1", TraceContext(requestID: "r1"),
            payload: Array("{}".utf8))
        let all: [(ChannelMessage, [UInt8])] = [
            (.event(channel, event), [2, 3] + head + name + envelope),
            (.state(channel, version: 258, event), [2, 4] + head + name + [0, 0, 0, 0, 0, 1, 2] + envelope),
            (.recheck(channel), [2, 5] + head + name),
            (.recheckUsers([ID(raw: 258)]), [2, 6] + head + [0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2]),
        ]
        for (message, bytes) in all {
            let whole = NodeMessage(number: 256, position: 513, epoch: epoch, body: .channel(message))
            #expect(whole.bytes == bytes)
            #expect(NodeMessage(bytes) == whole)
            for length in 0..<bytes.count { #expect(NodeMessage(Array(bytes.prefix(length))) == nil) }
            #expect(NodeMessage(bytes + [0]) == nil)
        }
    }

    @Test(arguments: ["{", "[1]", "{}\n"]) func refusesChannelEventsThatForge(_ json: String) throws {
        let channel = try #require(ChannelName("post:1"))
        let event = Envelope(
            EventKind("post.deleted", version: 1)!, eventID: "e1", TraceContext(requestID: "r1"),
            payload: Array(json.utf8))
        for message: ChannelMessage in [.event(channel, event), .state(channel, version: 1, event)] {
            let forged = NodeMessage(number: 256, position: 513, epoch: epoch, body: .channel(message))
            #expect(NodeMessage(forged.bytes) == nil)
        }
    }

    @Test func refusesEveryCutAndEveryLonger() {
        #expect(NodeMessage([2] + event.bytes.dropFirst()) == nil)
        for bytes in [event.bytes, named.bytes] {
            for length in 0..<bytes.count { #expect(NodeMessage(Array(bytes.prefix(length))) == nil) }
            #expect(NodeMessage(bytes + [0]) == nil)
            for (index, value): (Int, UInt8) in [
                (0, 0), (2, 0x20), (9, 0x20), (16, 65), (16, 43), (bytes.count - 1, 0x7b),
            ] {
                var changed = bytes
                changed[index] = value
                #expect(NodeMessage(changed) == nil)
            }
        }
    }

    /// What goes into the frames of clients is one line of JSON, whoever published it.
    @Test(arguments: [
        "", "{", "[1]", "x", "{}{}", "{}\n", "\n{}\n", "r1\n{}\nid: x", "r1\n{}\r", "r1\n{\r\n}", "r 1\n{}",
        "r1\n{\"a\":\"\u{1}\"}",
    ])
    func refusesPayloadsThatForge(_ payload: String) {
        let forged = message(
            .operation(.created, post: ID(raw: 3), author: ID(raw: 4), payload: Array(payload.utf8)))
        #expect(NodeMessage(forged.bytes) == nil)
        #expect(NodeMessage(named("r1", payload).bytes) == nil)
        if !payload.isEmpty, !RequestID.accepts(payload) { #expect(NodeMessage(named(payload, "{}").bytes) == nil) }
    }

    /// What still parses after a change says the same when it is written again.
    @Test func randomChangesNeverTrap() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Seeded(seed)
        let originals = [
            event.bytes, named.bytes, [1, 2] + head,
            NodeMessage(number: 1, position: 2, epoch: epoch, body: .reset([.max])).bytes,
            NodeMessage(number: 1, position: 2, epoch: epoch, body: .channel(.recheck(.post(.max)))).bytes,
            NodeMessage(
                number: 1, position: 2, epoch: epoch,
                body: .channel(.state(.user(ID(raw: 1)), version: 7, named("r", "{}").envelope!))
            ).bytes,
        ]
        for _ in 0..<100_000 {
            var bytes = originals.randomElement(using: &random)!
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let index = Int.random(in: 0..<max(1, bytes.count), using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0 where !bytes.isEmpty: bytes.remove(at: index)
                case 1: bytes.insert(.random(in: 0...255, using: &random), at: index)
                case 2: bytes = Array(bytes.prefix(index))
                default: if !bytes.isEmpty { bytes[index] = .random(in: 0...255, using: &random) }
                }
            }
            if let message = NodeMessage(bytes), message.bytes != bytes {
                Issue.record("seed \(seed): \(bytes)")
            }
            _ = TimelineEntry(bytes)
        }
    }
}

extension NodeMessage {
    fileprivate var envelope: Envelope? {
        guard case .event(let event) = body, case .envelope(let envelope) = event.content else { return nil }
        return envelope
    }

    fileprivate var kind: String? {
        guard case .event(let event) = body else { return nil }
        return event.kind.description
    }
}
