import Core
import Store
import TestSite
import Testing

@testable import Feed

/// What the event log forgets comes into feeds all the same, and is told once.
@Suite(.site, .serialized) struct LostChangesTests {
    private let site = TestSite.current
    /// The audit of feeds would find what is missing, too, and have clients read anew.
    private static let job = ["find-lost-changes"]

    private struct Follower {
        let author: TestUser
        let reader: TestUser
        /// Before anything was posted.
        let start: String
    }

    private func follower() async throws -> Follower {
        let (author, reader) = (try await site.signUp(), try await site.signUp())
        try await reader.follow(author)
        try await site.settle()
        return Follower(
            author: author, reader: reader, start: try #require(try await reader.get("/v1/feed")["live"].string))
    }

    /// The relay has moved it, and then somebody deleted the topic.
    private func loseLog() async throws {
        try await site.database.query("DELETE FROM outbox WHERE topic IN ('post.events', 'fanout.chunks')")
    }

    /// What was late half a minute ago is found, and told when all that was late is known to have been read.
    private func findLost() async throws {
        for seconds in [31.0, 6, 16] {
            try await site.pass(seconds: seconds)
            try await site.runJobs(Self.job)
        }
        try await site.settle()
    }

    private func told(_ follower: Follower) async throws -> [String] {
        let events = try await follower.reader.get("/v1/feed?since=\(follower.start)")["items"].array ?? []
        return events.compactMap { event in
            event["type"].string.map { "\($0) \(event["post"]["text"].string ?? "")" }
        }
    }

    private func edit(_ post: String, of follower: Follower, _ text: String) async throws {
        let body = Array(#"{"text":"\#(text)"}"#.utf8)
        #expect(try await follower.author.send("PATCH", "/v1/posts/\(post)", body: body).status == 200)
    }

    private func stored(_ post: String, of user: TestUser) async throws -> Int {
        try await site.database.query(
            "SELECT 1 FROM feed_items WHERE user_id = \(ID(user.id)!) AND post_id = \(ID(post)!)"
        ).count
    }

    private func open(_ follower: Follower) async throws -> [String] {
        try await site.database.query(
            "SELECT kind FROM open_changes WHERE author_id = \(ID(follower.author.id)!) ORDER BY kind"
        ).map { try $0.text("kind") }
    }

    /// Entries below where a feed is complete go, but for the author's own: without these the posts would look lost.
    @Test func whatIsSweptIsNotLost() async throws {
        let follower = try await follower()
        let posts = try await follower.author.posts(3)
        try await site.settle()
        for user in [follower.author, follower.reader] {
            try await site.database.query(
                """
                INSERT INTO feed_metadata (user_id, complete_from) VALUES (\(ID(user.id)!), \(ID(posts[2])!))
                ON CONFLICT (user_id) DO UPDATE SET complete_from = excluded.complete_from
                """)
        }
        try await site.runJobs(["sweep-feeds"])
        for (post, isLeft) in zip(posts, [0, 0, 1]) {
            #expect(try await stored(post, of: follower.reader) == isLeft)
            #expect(try await stored(post, of: follower.author) == 1)
        }
        try await findLost()
        #expect(try await open(follower) == [])
        #expect(try await follower.reader.walk() == posts.reversed())
    }

    @Test func aPostThatTheLogLost() async throws {
        let follower = try await follower()
        let lost = try await follower.author.post(text: "lost")
        try await loseLog()
        let later = try await follower.author.post(text: "later")
        try await site.settle()
        #expect(try await follower.reader.walk() == [later])
        try await findLost()
        #expect(try await follower.reader.walk() == [later, lost])
        #expect(try await stored(lost, of: follower.reader) == 1)
        #expect(try await stored(lost, of: follower.author) == 1)
        #expect(try await told(follower).sorted() == ["post.created later", "post.created lost"])
        // It is known to be there at the next look, and told no more.
        try await site.pass(seconds: 120)
        try await findLost()
        #expect(try await open(follower) == [])
        #expect(try await told(follower).count == 2)
    }

    /// All of an author's followers get what was in the lost part only, and nobody is told twice.
    @Test func whatIsThereIsToldNoMore() async throws {
        let follower = try await follower()
        let post = try await follower.author.post(text: "there")
        try await site.settle()
        // As if the chunk with the author's own feed were lost, and the others were not.
        try await site.database.query("DELETE FROM feed_items WHERE user_id = \(ID(follower.author.id)!)")
        try await findLost()
        #expect(try await stored(post, of: follower.author) == 1)
        #expect(try await told(follower) == ["post.created there"])
    }

    @Test func anEditThatTheLogLost() async throws {
        let follower = try await follower()
        let post = try await follower.author.post(text: "before")
        try await site.settle()
        try await edit(post, of: follower, "between")
        #expect(try await open(follower) == ["post.updated"])
        try await loseLog()
        try await edit(post, of: follower, "after")
        try await loseLog()
        try await findLost()
        #expect(try await told(follower).last == "post.updated after")
        #expect(try await open(follower) == [])
    }

    @Test func aDeletionThatTheLogLost() async throws {
        let follower = try await follower()
        let (post, other) = (
            try await follower.author.post(text: "first"), try await follower.author.post(text: "lost")
        )
        try await site.settle()
        #expect(try await follower.author.delete("/v1/posts/\(post)").status == 204)
        try await loseLog()
        try await findLost()
        #expect(try await told(follower) == ["post.created lost", "post.deleted "])
        #expect(try await stored(post, of: follower.reader) == 0)
        #expect(try await stored(other, of: follower.reader) == 1)
        #expect(try await open(follower) == [])
    }

    /// A post that was lost, and deleted before that was found, is told to nobody.
    @Test func whatIsDeletedMeanwhileIsNotTold() async throws {
        let follower = try await follower()
        let post = try await follower.author.post(text: "lost")
        try await loseLog()
        #expect(try await follower.author.delete("/v1/posts/\(post)").status == 204)
        try await site.settle()
        try await findLost()
        #expect(try await told(follower) == [])
        #expect(try await open(follower) == [])
    }

    /// What waits in a log that is behind is not lost.
    @Test func whatWaitsIsNotTold() async throws {
        let follower = try await follower()
        _ = try await follower.author.post(text: "lost")
        try await loseLog()
        try await site.append(Array("{}".utf8), to: "post.events", key: follower.author.id)
        for _ in 0..<5 {
            try await site.pass(seconds: 40)
            try await site.runJobs(Self.job)
        }
        #expect(try await site.database.query("SELECT 1 FROM outbox").count == 0)
        #expect(try await open(follower) == ["post.created"])
        try await site.settle()
        try await findLost()
        #expect(try await told(follower) == ["post.created lost"])
    }

    @Test func whatArrivesLeavesNothing() async throws {
        let follower = try await follower()
        let post = try await follower.author.post(text: "before #tag")
        try await edit(post, of: follower, "after")
        try await site.settle()
        #expect(try await open(follower) == [])
        #expect(try await follower.author.delete("/v1/posts/\(post)").status == 204)
        try await site.settle()
        #expect(try await open(follower) == [])
        try await findLost()
        #expect(try await told(follower).count == 1)
        #expect(try await open(follower) == [])
    }

    /// Of a large author each part ends by itself, and the last one ends the change.
    @Test func partsEndTogether() async throws {
        let follower = try await follower()
        try await site.database.query("UPDATE users SET fanout_slices = 4 WHERE id = \(ID(follower.author.id)!)")
        try await site.database.query(
            """
            INSERT INTO fanout_progress (post_id, type, bucket_from, author_id, next_bucket)
            VALUES (1, 'x', 0, \(ID(follower.author.id)!), 0)
            """)
        let post = try await follower.author.post(text: "large")
        try await site.settle()
        try await edit(post, of: follower, "after")
        #expect(try await open(follower) == ["post.updated"])
        try await site.settle()
        #expect(try await open(follower) == [])
        try await findLost()
        #expect(try await told(follower) == ["post.updated after"])
    }
}
