import Core
import Testing

@testable import Live

/// Golden bytes of the protobuf form, to the last byte, put together by hand.
@Suite struct ProtobufReplyTests {
    private let cursor = LiveCursor(epoch: 255, position: 300)
    private let epoch = Array("00000000000000ff".utf8)

    private func encode(_ reply: ServerReply, _ id: Int64 = 3) -> [UInt8] { LiveForm.protobuf.encode(reply, to: id) }

    @Test func repliesWithNothingToTell() {
        #expect(LiveForm.protobuf.ping == [0])
        #expect(encode(.ponged) == [0x04, 0x08, 0x03, 0x62, 0x00])
        #expect(encode(.unsubscribed) == [0x04, 0x08, 0x03, 0x3A, 0x00])
        #expect(encode(.ponged, 300) == [0x05, 0x08, 0xAC, 0x02, 0x62, 0x00])
        #expect(encode(.ponged, Int64(UInt32.max)) == [0x08, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x62, 0x00])
    }

    @Test func errors() {
        #expect(
            encode(.failed(.permissionDenied))
                == [0x19, 0x08, 0x03, 0x12, 0x15, 0x08, 103, 0x12, 17] + Array("permission denied".utf8))
        // Temporary.
        let busy = encode(.failed(.tooManyRequests))
        #expect(
            busy == [0x1B, 0x08, 0x03, 0x12, 0x17, 0x08, 111, 0x12, 17] + Array("too many requests".utf8) + [0x18, 1])
    }

    @Test func refreshed() {
        #expect(
            encode(.refreshed(client: "c", ttl: 900))
                == [0x15, 0x08, 0x03, 0x72, 0x11, 0x0A, 1, 0x63, 0x12, 7] + Array("martlet".utf8) + [
                    0x18, 1, 0x20, 0x84, 0x07,
                ])
        #expect(encode(.refreshed(client: "c", ttl: -5)).suffix(2) == [0x20, 1])
    }

    /// recoverable, epoch, offset, positioned.
    private var subscribed: [UInt8] { [0x18, 1, 0x32, 16] + epoch + [0x48, 0xAC, 0x02, 0x50, 1] }

    @Test func subscribe() {
        let fresh = ServerReply.Subscribed(cursor: cursor, recovered: nil, publications: [])
        #expect(encode(.subscribed(fresh)) == [0x1D, 0x08, 0x03, 0x32, 0x19] + subscribed)
        let lost = ServerReply.Subscribed(cursor: cursor, recovered: false, publications: [])
        #expect(encode(.subscribed(lost)) == [0x1F, 0x08, 0x03, 0x32, 0x1B] + subscribed + [0x60, 1])
        let publication = Publication(event: Array("{}".utf8), type: "x", position: 299)
        let found = ServerReply.Subscribed(cursor: cursor, recovered: true, publications: [publication])
        let publications: [UInt8] = [0x3A, 7, 0x22, 2, 0x7B, 0x7D, 0x30, 0xAB, 0x02]
        #expect(
            encode(.subscribed(found))
                == [0x2A, 0x08, 0x03, 0x32, 0x26, 0x18, 1, 0x32, 16] + epoch + publications
                + [0x40, 1, 0x48, 0xAC, 0x02, 0x50, 1, 0x60, 1])
    }

    @Test func connect() {
        let connected = ServerReply.Connected(
            client: "c", user: ID(raw: 7), feed: .init(cursor: cursor, recovered: nil, publications: []), ttl: 900,
            pingSeconds: 25)
        let client: [UInt8] = [0x0A, 1, 0x63, 0x12, 7] + Array("martlet".utf8) + [0x18, 1, 0x20, 0x84, 0x07]
        let subs: [UInt8] = [0x32, 0x23, 0x0A, 6] + Array("feed:7".utf8) + [0x12, 0x19] + subscribed
        #expect(
            encode(.connected(connected)) == [0x3E, 0x08, 0x03, 0x2A, 0x3A] + client + subs + [0x38, 25, 0x40, 1])
    }

    /// Both ways to write one name.
    @Test(arguments: LiveForm.allCases) func prefixes(form: LiveForm) throws {
        let channel = LogKey.channel(try #require(ChannelName("feed:9007199254740991")))
        #expect(form.pushPrefix(.feed(of: .max)) == form.pushPrefix(channel))
    }

    private func push(_ publication: Publication) -> [UInt8] {
        var writer = ByteWriter()
        let prefix = LiveForm.protobuf.pushPrefix(.feed(of: ID(raw: 7)))
        let tail = LiveForm.protobuf.pushTail(publication)
        LiveForm.protobuf.appendPush(prefix: prefix, tail: tail, to: &writer)
        #expect(LiveForm.protobuf.pushLength(prefix: prefix.count, tail: tail.count) == writer.count)
        return writer.bytes
    }

    @Test func pushes() {
        #expect(
            push(Publication(event: Array("{}".utf8), type: "x", position: 300))
                == [0x13, 0x22, 0x11, 0x12, 6] + Array("feed:7".utf8)
                + [0x22, 7, 0x22, 2, 0x7B, 0x7D, 0x30, 0xAC, 0x02])
        // Lengths of two and three bytes.
        let event = [UInt8](repeating: 0x20, count: 200)
        #expect(
            push(Publication(event: event, type: "x", position: 1))
                == [0xDB, 0x01, 0x22, 0xD8, 0x01, 0x12, 6] + Array("feed:7".utf8) + [
                    0x22, 0xCD, 0x01, 0x22, 0xC8, 0x01,
                ]
                + event + [0x30, 1])
        for length in [0, 100, 113, 116, 117, 118, 16_300, 16_360, 16_370, 16_384, 3_000_000] {
            var rest = push(Publication(event: Array(repeating: 0x20, count: length), type: "x", position: .max))[...]
            var reader = ProtobufReader(rest)
            rest = (try? reader.delimited()) ?? []
            #expect(reader.isAtEnd && !rest.isEmpty, "\(length)")
        }
    }

    /// The bytes that all share are made once for each form.
    @Test func anEventIsEncodedOnceForEachForm() {
        let frame = SharedFrame(Publication(event: Array("{}".utf8), type: "x", position: 300))
        for form in LiveForm.allCases {
            // Both are alive: one made anew would be elsewhere.
            let tails = [frame.pushTail(form), frame.pushTail(form)]
            let places = tails.map { tail in tail.withUnsafeBufferPointer { $0.baseAddress } }
            #expect(places[0] == places[1])
            withExtendedLifetime(tails) {}
        }
        #expect(frame.pushTail(.json) != frame.pushTail(.protobuf))
    }

    @Test func formsAreChosenAtTheHandshake() {
        #expect(LiveForm(subprotocol: nil) == .json && LiveForm(subprotocol: "centrifuge-json") == .json)
        #expect(LiveForm(subprotocol: "centrifuge-protobuf") == .protobuf)
        #expect(LiveForm.subprotocols.map { LiveForm(subprotocol: $0) } == [.json, .protobuf])
    }
}

extension LiveForm {
    func pushPrefix(_ channel: LogKey) -> [UInt8] {
        var writer = ByteWriter()
        appendPushPrefix(channel: channel, to: &writer)
        return writer.bytes
    }
}
