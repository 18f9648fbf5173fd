import Core
import Store
import TestSite
import Testing

/// What causes a notification, and what takes it back.
@Suite(.site, .serialized) struct CauseTests {
    private let site = TestSite.current

    @Test func aLikeAndItsEnd() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        for user in [bob, carol, alice] { try await user.like(post) }
        try await site.settle()
        #expect(try await alice.notified() == ["like:post:\(post) 2"])
        let shown = try await alice.notification("like:post:\(post)")
        #expect(shown.actors == [carol.handle, bob.handle] && shown["read"].bool == false)
        #expect(shown["type"].string == "like" && shown["object"]["text"].string == "hello")
        #expect(shown["object"]["type"].string == "post" && shown["object"]["id"].string == post)
        try await bob.unlike(post)
        try await site.settle()
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
        #expect(try await alice.notification("like:post:\(post)").actors == [carol.handle])
        try await carol.unlike(post)
        try await site.settle()
        #expect(try await alice.notified() == [])
        #expect(try await alice.unread() == 0)
        #expect(try await bob.notified() == [])
    }

    /// A new cause gives the group a new id and place, and makes it unread.
    @Test func aNewCauseMakesItNew() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let (one, other) = (try await alice.post(text: "one"), try await alice.post(text: "other"))
        for post in [one, other] {
            try await bob.like(post)
            try await site.settle()
        }
        #expect(try await alice.notified() == ["like:post:\(other) 1", "like:post:\(one) 1"])
        let before = try await alice.notification("like:post:\(one)")
        let read = try await alice.put("/v1/notifications/read", ["keys": [.string("like:post:\(one)")]])
        #expect(read.status == 200 && read["unread"].integer == 1)
        try await carol.like(one)
        try await site.settle()
        #expect(try await alice.notified() == ["like:post:\(one) 2", "like:post:\(other) 1"])
        let after = try await alice.notification("like:post:\(one)")
        #expect(after["read"].bool == false && ID(after["id"].string!)! > ID(before["id"].string!)!)
        #expect(try await alice.unread() == 2)
    }

    @Test func followsAndRequests() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        try await site.settle()
        #expect(try await alice.notified() == ["follow 1"])
        try await bob.unfollow(alice)
        try await site.settle()
        #expect(try await alice.notified() == [])
        try await alice.does("PATCH", "/v1/me", ["private": true])
        for user in [bob, carol] { try await user.does("PUT", "/v1/users/\(alice.id)/follow") }
        try await site.settle()
        #expect(try await alice.notified() == ["follow_request 2"])
        try await alice.does("PUT", "/v1/me/requests/\(bob.id)")
        try await alice.does("DELETE", "/v1/me/requests/\(carol.id)")
        try await site.settle()
        #expect(try await alice.notified() == [])
        #expect(try await bob.notified() == ["follow_accepted 1"])
        #expect(try await carol.notified() == [])
        #expect(site.events(in: "graph.events", of: carol.id) == ["follow.requested", "follow.unrequested"])
        try await bob.unfollow(alice)
        try await bob.does("PUT", "/v1/users/\(alice.id)/follow")
        try await bob.does("DELETE", "/v1/users/\(alice.id)/follow")
        try await site.settle()
        #expect(try await alice.notified() == [])
        #expect(try await bob.notified() == [])
    }

    /// One action is one notification: a reply is no comment besides, unless for another one.
    @Test func commentsAndReplies() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let own = try await alice.comment(on: post)
        let top = try await bob.comment(on: post)
        let toAlice = try await carol.comment(on: post, below: own)
        let toBob = try await carol.comment(on: post, below: top)
        _ = try await bob.comment(on: post, below: top)
        try await site.settle()
        #expect(try await Set(alice.notified()) == ["comment:post:\(post) 3", "reply:comment:\(own) 1"])
        #expect(try await bob.notified() == ["reply:comment:\(top) 1"])
        #expect(try await alice.notification("comment:post:\(post)").actors == [bob.handle, carol.handle])
        for comment in [toAlice, toBob] { try await carol.does("DELETE", "/v1/comments/\(comment)") }
        try await site.settle()
        #expect(try await alice.notified() == ["comment:post:\(post) 2"])
        #expect(try await bob.notified() == [])
    }

    @Test func likesOfComments() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let (comment, gone) = (try await bob.comment(on: post), try await bob.comment(on: post))
        for comment in [comment, gone] { try await alice.does("PUT", "/v1/comments/\(comment)/like") }
        try await site.settle()
        #expect(try await Set(bob.notified()) == ["like:comment:\(comment) 1", "like:comment:\(gone) 1"])
        #expect(try await bob.notification("like:comment:\(gone)")["object"]["text"].string == "a comment")
        try await bob.does("DELETE", "/v1/comments/\(gone)")
        try await alice.does("DELETE", "/v1/comments/\(comment)/like")
        try await site.settle()
        #expect(try await bob.notified() == [])
        #expect(try await bob.unread() == 0)
        #expect(site.events(in: "engagement.events", of: comment) == ["comment.liked", "comment.unliked"])
    }

    /// Who is mentioned is told so, and not of the same post by the bell; an edit mentions others.
    @Test func mentionsAndBells() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        for user in [bob, carol] {
            for _ in 0..<2 { try await user.does("PUT", "/v1/users/\(alice.id)/bell") }
            #expect(try await user.get("/v1/users/\(alice.id)/relation")["bell"].bool == true)
        }
        let post = try await alice.post(text: "hello @\(bob.handle) and @\(alice.handle)")
        try await site.settle()
        #expect(try await bob.notified() == ["mention:post:\(post) 1"])
        #expect(try await carol.notified() == ["post:post:\(post) 1"])
        #expect(try await alice.notified() == [])
        try await alice.does("PATCH", "/v1/posts/\(post)", ["text": .string("hello @\(carol.handle)")])
        try await site.settle()
        #expect(try await bob.notified() == [])
        #expect(try await carol.notified().contains("mention:post:\(post) 1"))
        try await carol.does("DELETE", "/v1/users/\(alice.id)/bell")
        #expect(try await carol.get("/v1/users/\(alice.id)/relation")["bell"].bool == false)
        let later = try await alice.post(text: "later")
        try await site.settle()
        #expect(try await bob.notified() == ["post:post:\(later) 1"])
        #expect(try await !carol.notified().contains("post:post:\(later) 1"))
        for post in [post, later] { try await alice.does("DELETE", "/v1/posts/\(post)") }
        try await site.settle()
        #expect(try await bob.notified() == [])
        #expect(try await carol.notified() == [])
    }

    /// Nobody is told of a post that he may not see.
    @Test func aBellIsNoKey() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        try await carol.follow(alice)
        for user in [bob, carol] { try await user.does("PUT", "/v1/users/\(alice.id)/bell") }
        let post = try await alice.post("/v1/posts", ["text": "for few", "visibility": "followers"])["id"].string!
        try await site.settle()
        #expect(try await bob.notified() == [])
        #expect(try await carol.notified() == ["post:post:\(post) 1"])
        try await carol.unfollow(alice)
        #expect(try await carol.notified() == [])
        #expect(try await carol.unread() == 0)
    }

    /// More receivers than one page, of one post and another.
    @Test func aBellOfMany() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let (first, count) = (SQL.parameter(Int64(7_000_000)), 1_203)
        try await site.database.batch([
            """
            INSERT INTO users (id, handle, display_name, password_hash)
            SELECT \(first)::bigint + n, 'ringing_' || n, 'x', '*' FROM generate_series(1, \(count)) n
            """,
            """
            INSERT INTO bells (author, user_id, id)
            SELECT \(ID(alice.id)!), \(first)::bigint + n, n FROM generate_series(1, \(count)) n
            """,
        ])
        try await bob.does("PUT", "/v1/users/\(alice.id)/bell")
        for text in ["one", "two"] { _ = try await alice.post(text: text) }
        try await site.settle()
        let told: SQL = """
            SELECT count(*) AS groups, sum(count)::bigint AS causes FROM notifications WHERE user_id > \(first)
                AND user_id <= \(first)::bigint + \(count)
            """
        for _ in 0..<2 {
            let row = try await site.database.query(told)[0]
            #expect(try row.integer("groups") == 2 * Int64(count) && row.integer("causes") == 2 * Int64(count))
            #expect(try await bob.notified().count == 2)
            site.rewind("notifications")
            try await site.settle()
        }
        #expect(try await site.wrongCounts() == [])
    }

    @Test func aClosedPoll() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let made = try await alice.post(
            "/v1/posts", ["text": "which?", "poll": ["options": ["a", "b"], "closes_in": 300]])
        let poll = made["poll"]["id"].string!
        try await bob.does("POST", "/v1/polls/\(poll)/votes", ["options": [0]])
        try await site.pass(seconds: 301)
        try await site.runJobs()
        try await site.settle()
        #expect(try await alice.notified() == ["poll_closed:poll:\(poll) 1"])
        #expect(try await bob.notified() == ["poll_closed:poll:\(poll) 1"])
        #expect(try await carol.notified() == [])
        #expect(try await alice.notification("poll_closed:poll:\(poll)").actors == [])
        let shown = try await bob.notification("poll_closed:poll:\(poll)")
        #expect(shown.actors == [alice.handle] && shown["object"]["text"].string == "which?")
        try await alice.does("DELETE", "/v1/posts/\(made["id"].string!)")
        try await site.settle()
        #expect(try await alice.notified() == [])
        #expect(try await bob.notified() == [])
    }
}
