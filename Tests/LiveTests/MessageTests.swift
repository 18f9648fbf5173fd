import Accounts
import Core
import HTTPService
import Posts
import Testing

@testable import Live

/// Golden bytes of what clients see, to the last byte.
@Suite struct MessageTests {
    private let post = PostView(
        id: ID(raw: 4_096_000), authorID: ID(raw: 12), authorHandle: "alice", authorDisplayName: "Alice \"A\"",
        text: "hi\n<b>", visibility: .public)
    private let postJSON =
        #"{"id":"4096000","author":{"id":"12","handle":"alice","display_name":"Alice \"A\""},"#
        + #""text":"hi\n<b>","created_at":"2026-01-01T00:00:01.000Z","visibility":"public","counts":{"likes":0,"comments":0,"views":0,"version":0}}"#

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func events() {
        #expect(text(FeedEvent.created(post).json) == #"{"type":"post.created","post":"# + postJSON + "}")
        #expect(text(FeedEvent.deleted(ID(raw: 5)).json) == #"{"type":"post.deleted","post_id":"5"}"#)
    }

    @Test func users() {
        var writer = ByteWriter()
        UserView(
            id: ID(raw: 0), handle: "a", displayName: "A", followers: 1, following: 2, posts: 3, isPrivate: false,
            relation: nil
        ).append(to: &writer)
        #expect(
            writer.string == #"{"id":"0","handle":"a","display_name":"A","created_at":"2026-01-01T00:00:00.000Z","#
                + #""followers":1,"following":2,"posts":3,"private":false}"#)
        writer.removeAll()
        UserView(
            id: ID(raw: 0), handle: "a", displayName: "A", followers: 1, following: 2, posts: 3, isPrivate: true,
            relation: UserRelation(followed: false, requested: true, followsYou: true, blocked: true, muted: true)
        ).append(to: &writer)
        #expect(
            writer.string.hasSuffix(
                #""posts":3,"private":true,"followed":false,"requested":true,"follows_you":true,"#
                    + #""blocked":true,"muted":true}"#))
    }

    @Test func problems() {
        let problem = Problem(.invalidField, "too \"long\"", field: "text")
        #expect(
            text(problem.json(requestID: "r1"))
                == #"{"type":"/problems/invalid_field","title":"A field has a value that is not allowed","status":400,"#
                + #""code":"invalid_field","detail":"too \"long\"","field":"text","request_id":"r1"}"#)
    }

    @Test func serverSentEvents() {
        let publication = Publication(event: Array("{}".utf8), type: "post.created", position: 9)
        #expect(text(EventStreamText.tail(publication)) == "event: post.created\ndata: {}\n\n")
        #expect(
            text(EventStreamText.verdict("resumed", id: "abc", retry: 1500, data: "{\"missed\":2}"))
                == "retry: 1500\nid: abc\nevent: resumed\ndata: {\"missed\":2}\n\n")
        #expect(
            text(EventStreamText.drain(retry: 700)) == "retry: 700\nevent: drain\ndata: {\"retry_after_ms\":700}\n\n")
        #expect(text(EventStreamText.heartbeat) == ":\n\n")
    }

    @Test func pushes() {
        let publication = Publication(event: Array("{\"type\":\"x\"}".utf8), type: "x", position: 1_795_000_000_000_001)
        #expect(
            text(LiveForm.json.pushPrefix(.feed(of: ID(raw: 7))) + JSONReply.pushTail(publication))
                == #"{"push":{"channel":"feed:7","pub":{"data":{"type":"x"},"offset":1795000000000001}}}"#)
    }

    @Test func connectReplies() {
        let cursor = LiveCursor(epoch: 255, position: 77)
        let publication = Publication(event: Array("{}".utf8), type: "x", position: 76)
        let recovered = ServerReply.Connected(
            client: "c", user: ID(raw: 7),
            feed: .init(cursor: cursor, recovered: true, publications: [publication]), ttl: 900, pingSeconds: 25)
        #expect(
            text(JSONReply.encode(.connected(recovered), to: 3))
                == #"{"id":3,"connect":{"client":"c","version":"martlet","expires":true,"ttl":900,"subs":{"feed:7":"#
                + #"{"recoverable":true,"epoch":"00000000000000ff","positioned":true,"offset":77,"#
                + #""was_recovering":true,"recovered":true,"publications":[{"data":{},"offset":76}]}},"#
                + #""ping":25,"pong":true}}"#)
        let fresh = ServerReply.Connected(
            client: "c", user: ID(raw: 7), feed: .init(cursor: cursor, recovered: nil, publications: []), ttl: -5,
            pingSeconds: 25)
        let reply = text(JSONReply.encode(.connected(fresh), to: 1))
        #expect(!reply.contains("recover") || reply.contains("recoverable"))
        #expect(!reply.contains("was_recovering") && reply.contains("\"ttl\":1,"))
        let both = ServerReply.Connected(
            client: "c", user: ID(raw: 7), feed: .init(cursor: cursor, recovered: nil, publications: []),
            notifications: .init(
                cursor: LiveCursor(epoch: 255, position: 78), recovered: false, publications: [publication]),
            ttl: 5, pingSeconds: 25)
        #expect(
            text(JSONReply.encode(.connected(both), to: 1)).contains(
                #""subs":{"feed:7":{"recoverable":true,"epoch":"00000000000000ff","positioned":true,"offset":77},"#
                    + #""notifications:7":{"recoverable":true,"epoch":"00000000000000ff","positioned":true,"offset":78,"#
                    + #""was_recovering":true,"recovered":false,"publications":[{"data":{},"offset":76}]}},"ping""#))
    }

    @Test func subscribeReplies() {
        let subscribed = ServerReply.Subscribed(
            cursor: LiveCursor(epoch: 255, position: 77), recovered: false, publications: [])
        #expect(
            text(JSONReply.encode(.subscribed(subscribed), to: 3))
                == #"{"id":3,"subscribe":{"recoverable":true,"epoch":"00000000000000ff","positioned":true,"offset":77,"#
                + #""was_recovering":true,"recovered":false}}"#)
    }

    @Test func errorReplies() {
        #expect(
            text(JSONReply.encode(.failed(.permissionDenied), to: 4))
                == #"{"id":4,"error":{"code":103,"message":"permission denied"}}"#)
        #expect(text(JSONReply.encode(.failed(.internalError), to: 4)).contains(#""temporary":true"#))
    }

    /// The number says whether a client comes back; a reason fits into a Close frame.
    @Test(arguments: Disconnect.allCases)
    func disconnects(_ disconnect: Disconnect) {
        #expect((3000..<4000).contains(disconnect.rawValue) || (4500..<5000).contains(disconnect.rawValue))
        #expect(disconnect.reason.utf8.count <= 123)
    }

    /// A reader of the stream takes what follows a line's end for another field.
    @Test func noFieldOfAnEventStreamEndsItsLine() {
        let evil = "a\nid: x\r\n\rdata: \u{0}"
        let publication = Publication(event: Array(evil.utf8), type: evil, position: 1)
        var writer = ByteWriter()
        EventStreamText.appendID(evil, to: &writer)
        #expect(text(writer.bytes) == "id: a id: x   data:  \n")
        #expect(text(EventStreamText.tail(publication)) == "event: a id: x   data:  \ndata: a id: x   data:  \n\n")
        let verdict = text(EventStreamText.verdict("live", id: evil, retry: 5, data: evil))
        #expect(verdict == "retry: 5\nid: a id: x   data:  \nevent: live\ndata: a id: x   data:  \n\n")
    }
}
