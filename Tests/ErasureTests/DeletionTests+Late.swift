import Core
import Feed
import Store
import TestSite
import Testing

/// What fails, and what comes late.
extension DeletionTests {
    /// One that fails, here by what the program does not know of, holds up nobody else's.
    @Test func oneThatFails() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await site.database.batch([
            "CREATE TABLE obstacle (user_id bigint REFERENCES users)",
            "INSERT INTO obstacle VALUES (\(ID(alice.id)!))",
        ])
        let hers = try await leave(alice, grace: 0)
        try await site.pass(seconds: 1)
        let his = try await leave(bob, grace: 0)
        try await eventually {
            try? await self.site.runJobs()
            try await self.site.settle()
            return try await self.receipt(his)["state"].string == "done"
        }
        #expect(try await receipt(hers)["state"].string == "running")
        try await site.database.query("DROP TABLE obstacle")
        try await site.runJobs()
        #expect(try await receipt(hers)["state"].string == "running")
        try await site.pass(seconds: 3601)
        try await untilDone(hers)
    }

    /// Nobody erases, and signs that nothing is left, who does not know all there is.
    @Test func aLaterVersionsSchema() async throws {
        let deletion = try await leave(try await site.signUp(), grace: 0)
        try await site.database.query("INSERT INTO schema_migrations (number, name) VALUES (999, 'later')")
        try await site.settle()
        try await site.runJobs()
        #expect(try await receipt(deletion)["state"].string == "scheduled")
        try await site.database.query("DELETE FROM schema_migrations WHERE number = 999")
        try await untilDone(deletion)
    }

    /// The fan-out has read who follows, then waits; the account is erased meanwhile.
    @Test func nothingIsWrittenForWhoLeaves() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await alice.follow(bob)
        try await bob.follow(alice)
        let (hers, his) = (try await alice.post(text: "hers"), try await bob.post(text: "his"))
        try await site.settle()
        let late = FanOutStore(database: site.database)
        func write() async throws {
            for (post, author, reader) in [(hers, alice, bob), (his, bob, alice)] {
                let chunk = Chunk(
                    post: ID(post)!, author: ID(author.id)!, kind: .created, buckets: 0..<Bucket.count)
                try await late.store([.init(chunk: chunk, users: [ID(reader.id)!], next: nil, isTracked: false)])
            }
        }
        func items() async throws -> Int {
            try await site.database.query(
                """
                SELECT count(*) FROM feed_items
                WHERE author_id = \(ID(alice.id)!) OR user_id = \(ID(alice.id)!) AND author_id = \(ID(bob.id)!)
                """)[0].int("count")
        }
        #expect(try await items() >= 2)
        try await site.database.query("DELETE FROM feed_items")
        try await write()
        #expect(try await items() == 2)
        let deletion = try await leave(alice, grace: 0)
        try await site.database.query("DELETE FROM feed_items")
        try await write()
        #expect(try await items() == 0)
        try await untilDone(deletion)
        try await write()
        #expect(try await items() == 0)
        try await expectNothing(of: alice)
    }

    /// What was written when its author was not followed any more is found by nobody who erases.
    @Test func strays() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        _ = try await alice.post(text: "there")
        try await site.settle()
        func items() async throws -> Int {
            try await site.database.query("SELECT count(*) FROM feed_items WHERE user_id = \(ID(bob.id)!)")[0].int(
                "count")
        }
        let count = try await items()
        #expect(count > 0)
        try await site.database.query(
            "INSERT INTO feed_items (user_id, post_id, author_id) VALUES (\(ID(bob.id)!), 7, 8)")
        #expect(try await items() == count + 1)
        try await site.runJobs()
        #expect(try await items() == count)
    }
}
