import Core
import Testing

@testable import Live

@Suite struct StreamCursorTests {
    private let signer = CursorSigner(key: Array(0..<16))
    private let user = ID(raw: 7)

    private func cursor(of count: Int) -> StreamCursor {
        var cursor = StreamCursor()
        for number in 0..<count {
            let key = LogKey.channel(ChannelName(kind: "post", id: ID(raw: Int64(number + 1))))
            cursor[key] = LiveCursor(epoch: .max - UInt64(number), position: 1_795_752_739_683_147)
        }
        return cursor
    }

    @Test(arguments: [0, 1, 2, 16, StreamCursor.mostLogs])
    func itIsReadAsItWasWritten(_ count: Int) {
        let text = cursor(of: count).encode(user: user, signer)
        #expect(StreamCursor(text, user: user, signer) == cursor(of: count))
        #expect(StreamCursor(text, user: ID(raw: 8), signer) == nil)
        #expect(StreamCursor(text, user: user, CursorSigner(key: Array(1..<17))) == nil)
        #expect(LiveCursor(text, user: user, signer) == nil)
    }

    @Test func whatIsAlteredIsNone() {
        let text = cursor(of: 2).encode(user: user, signer)
        for index in text.indices {
            var altered = text
            altered.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
            #expect(StreamCursor(altered, user: user, signer) == nil)
            #expect(StreamCursor(String(text[..<index]), user: user, signer) == nil)
        }
        #expect(StreamCursor(text + "AAAA", user: user, signer) == nil)
        #expect(
            StreamCursor(cursor(of: StreamCursor.mostLogs + 1).encode(user: user, signer), user: user, signer) == nil)
        let plain = LiveCursor(epoch: 1, position: 2).encode(user: user, signer)
        #expect(StreamCursor(plain, user: user, signer) == nil)
    }

    @Test func eachLogHasItsOwn() {
        var cursor = StreamCursor()
        let (feed, post) = (LogKey.feed(of: user), LogKey.channel(ChannelName("post:7")!))
        cursor[feed] = LiveCursor(epoch: 1, position: 2)
        #expect(cursor[feed] == LiveCursor(epoch: 1, position: 2) && cursor[post] == nil)
        cursor[feed] = nil
        #expect(cursor == StreamCursor())
    }

    /// A position alone is one of the feed and of what has its clock, and of no other log.
    @Test func ofAnyKind() {
        let alone = LiveCursor(epoch: 5, position: 6)
        let found = StreamCursor(any: alone.encode(user: user, signer), user: user, signer)
        #expect(found?[.feed(of: user)] == alone && found?[.channel(.notifications(of: user))] == alone)
        #expect(found?[.channel(.notifications(of: ID(raw: 8)))] == nil)
        #expect(found?[.channel(ChannelName(kind: "user", id: user))] == nil)
        let several = cursor(of: 3)
        #expect(StreamCursor(any: several.encode(user: user, signer), user: user, signer) == several)
    }
}
