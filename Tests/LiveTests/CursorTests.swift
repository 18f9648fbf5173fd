import Core
import HTTPService
import Testing

@testable import Live

@Suite struct CursorTests {
    private let signer = CursorSigner(key: Array(0..<32))
    private let alice = ID(raw: 111)
    private let bob = ID(raw: 222)
    private let feed = PageCursor.List(tag: 1)

    private func list(_ tag: UInt8, _ subject: ID) -> PageCursor.List { PageCursor.List(tag: tag, subject: subject) }

    @Test func aPageCursorIsGoodForItsListAndViewerOnly() {
        let text = PageCursor(below: ID(raw: 987_654_321)).encode(feed, viewer: alice, signer)
        #expect(PageCursor(text, feed, viewer: alice, signer)?.below == ID(raw: 987_654_321))
        #expect(PageCursor(text, feed, viewer: bob, signer) == nil)
        #expect(PageCursor(text, list(2, alice), viewer: alice, signer) == nil)
        #expect(PageCursor(text, feed, viewer: alice, CursorSigner(key: Array(1..<33))) == nil)
        let followers = PageCursor(below: .max).encode(list(3, alice), viewer: bob, signer)
        #expect(PageCursor(followers, list(3, bob), viewer: bob, signer) == nil)
        #expect(PageCursor(followers, list(4, alice), viewer: bob, signer) == nil)
    }

    @Test func aLiveCursorIsGoodForItsUserOnly() {
        let cursor = LiveCursor(epoch: 0xfeed_beef_0123_4567, position: 1_795_259_593_123_456)
        let text = cursor.encode(user: alice, signer)
        #expect(LiveCursor(text, user: alice, signer) == cursor)
        #expect(LiveCursor(text, user: bob, signer) == nil)
        #expect(PageCursor(text, feed, viewer: alice, signer) == nil)
        #expect(cursor.epochName == "feedbeef01234567")
        #expect(LiveCursor.epoch(named: "feedbeef01234567") == cursor.epoch)
    }

    /// Every single change of a character is found.
    @Test func anAlteredOneIsRefused() {
        let text = Array(LiveCursor(epoch: 7, position: 8).encode(user: alice, signer))
        for index in text.indices {
            for other in "Aa0_-" where other != text[index] {
                var altered = text
                altered[index] = other
                #expect(LiveCursor(String(altered), user: alice, signer) == nil)
            }
        }
        for text in ["", "A", "garbage", String(repeating: "A", count: 4000)] {
            #expect(LiveCursor(text, user: alice, signer) == nil)
            #expect(PageCursor(text, feed, viewer: alice, signer) == nil)
        }
    }

    @Test(arguments: [
        "", "+eedbeef01234567", "feedbeef0123456", "feedbeef012345678", "zeedbeef01234567",
        "FEEDBEEF01234567", "-000000000000000",
    ])
    func aForeignEpochNameIsNone(_ name: String) {
        #expect(LiveCursor.epoch(named: name) == nil)
    }
}
