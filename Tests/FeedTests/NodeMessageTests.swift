import Core
import TestSupport
import Testing

@testable import Feed

@Suite struct NodeMessageTests {
    private let epoch = UInt64(0x0123_4567_89ab_cdef)
    private let head: [UInt8] = [0, 0, 0, 0, 0, 1, 0] + [0, 0, 0, 0, 0, 2, 1] + Array("0123456789abcdef".utf8)

    private var event: NodeMessage {
        let event = NodeMessage.Event(
            operation: .deleted, post: ID(raw: 3), author: ID(raw: 4), recipients: [ID(raw: 5), .max],
            missing: [ID(raw: 6)], payload: Array("{}".utf8))
        return NodeMessage(number: 256, position: 513, epoch: epoch, body: .event(event))
    }

    @Test func goldenEvent() {
        let users: [UInt8] =
            [0, 0, 0, 2] + [0, 0, 0, 0, 0, 0, 5] + [0x1f, 255, 255, 255, 255, 255, 255]
            + [0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 6]
        let bytes =
            [1, 1] + head + [2] + [0, 0, 0, 0, 0, 0, 3] + [0, 0, 0, 0, 0, 0, 4] + users + [0, 0, 0, 2, 0x7b, 0x7d]
        #expect(event.bytes == bytes)
        #expect(NodeMessage(bytes) == event)
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

    @Test func refusesEveryCutAndEveryLonger() {
        let bytes = event.bytes
        for length in 0..<bytes.count { #expect(NodeMessage(Array(bytes.prefix(length))) == nil) }
        #expect(NodeMessage(bytes + [0]) == nil)
        let changes: [(Int, UInt8)] = [
            (0, 2), (1, 0), (1, 4), (2, 0x20), (9, 0x20), (16, 65), (16, 43), (32, 0), (32, 4),
        ]
        for (index, value) in changes {
            var changed = bytes
            changed[index] = value
            #expect(NodeMessage(changed) == nil)
        }
    }

    /// What goes into the frames of clients is one line of JSON, whoever published it.
    @Test(arguments: [
        "", "{", "[1]", "x", "{}{}", "{}\n", "\n{}\n", "r1\n{}\nid: x", "r1\n{}\r", "r1\n{\r\n}", "r 1\n{}",
        "r1\n{\"a\":\"\u{1}\"}",
    ])
    func refusesPayloadsThatForge(_ payload: String) {
        let forged = NodeMessage.Event(
            operation: .created, post: ID(raw: 3), author: ID(raw: 4), recipients: [ID(raw: 5)], missing: [],
            payload: Array(payload.utf8))
        let message = NodeMessage(number: 1, position: 2, epoch: epoch, body: .event(forged))
        #expect(NodeMessage(message.bytes) == nil)
    }

    /// What still parses after a change says the same when it is written again.
    @Test func randomChangesNeverTrap() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Seeded(seed)
        let originals = [
            event.bytes, [1, 2] + head, NodeMessage(number: 1, position: 2, epoch: epoch, body: .reset([.max])).bytes,
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
