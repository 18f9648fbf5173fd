import Core
import Store
import TestSite
import Testing

/// How polls close: once, and no vote counts behind it.
@Suite(.site, .serialized) struct CloseTests {
    private let site = TestSite.current

    private func events(of poll: Poll) async throws -> [String] {
        try await site.settle()
        return site.events(in: "engagement.events", of: poll.post)
    }

    @Test func readsSayClosedWhetherOrNotAnyJobHasRun() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice, results: "after_close", closesIn: 300)
        #expect(try await bob.vote([0], in: poll)["closed"] == false)
        try await site.pass(seconds: 299.9)
        #expect(try await carol.vote([1], in: poll).status == 200)
        try await site.pass(seconds: 0.1)
        let late = try await site.signUp()
        #expect(try await late.vote([0], in: poll).isProblem(409, "poll_closed"))
        #expect(try await late.vote([0], in: poll, ["Idempotency-Key": "k"]).isProblem(409, "poll_closed"))
        // Who has voted is told that.
        #expect(try await bob.vote([0], in: poll).isProblem(409, "already_voted"))
        for reader: any Caller in [alice, bob, late, site.stranger()] {
            let view = try await reader.get("/v1/polls/\(poll.id)")
            #expect(view["closed"] == true && view["votes"] == 2 && view["version"] == 3, "\(view)")
        }
        #expect(try await events(of: poll) == ["poll.voted", "poll.voted"])
    }

    @Test func itIsToldOnceWhateverRestarts() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let polls = [try await Poll(by: alice, closesIn: 300), try await Poll(by: alice, closesIn: 300)]
        for poll in polls { #expect(try await bob.vote([0], in: poll).status == 200) }
        try await site.runJobs()
        #expect(try await events(of: polls[0]) == ["poll.voted"])
        try await site.pass(seconds: 300)
        let other = try await site.another()
        // Two processes at once, and both again.
        for _ in 0..<2 {
            _ = try await concurrently(4) { try await ($0 % 2 == 0 ? site : other).runJobs() }
        }
        for poll in polls { #expect(try await events(of: poll) == ["poll.voted", "poll.closed"]) }
        await other.close()
    }

    /// The clock that counts is that of the commit: what was let in before, and is committed behind it, is refused.
    @Test func aVoteThatIsCommittedTooLateIsRefused() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice, closesIn: 300)
        let (id, voter) = (ID(poll.id)!, ID(bob.id)!)
        let error = await #expect(throws: PgError.self) {
            try await site.database.transaction { transaction in
                try await transaction.query(
                    "INSERT INTO poll_votes (poll_id, voter, id, options) VALUES (\(id), \(voter), 1, '{0}')")
                try await site.pass(seconds: 300)
            }
        }
        #expect(error?.constraint == "poll_is_open")
        // The same by one round trip.
        let late = await #expect(throws: PgError.self) {
            try await site.database.batch([
                "INSERT INTO poll_votes (poll_id, voter, id, options) VALUES (\(id), \(voter), 1, '{0}')", "SELECT 1",
            ])
        }
        #expect(late?.constraint == "poll_is_open")
        #expect(try await site.database.query("SELECT FROM poll_votes WHERE poll_id = \(id)").isEmpty)
    }

    /// A vote that is about to be committed holds up the close, which comes behind it and has it.
    @Test func theCloseComesBehindAllVotes() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice, closesIn: 300)
        let id = ID(poll.id)!
        try await site.database.transaction { transaction in
            // As a vote holds it.
            try await transaction.query("SELECT FROM polls WHERE id = \(id) FOR KEY SHARE")
            try await site.pass(seconds: 300)
            try await site.runJobs()
            #expect(try await events(of: poll).isEmpty)
        }
        try await site.runJobs()
        #expect(try await events(of: poll) == ["poll.closed"])
        #expect(try await bob.vote([0], in: poll).isProblem(409, "poll_closed"))
    }

    /// Voters vote while it closes: what was acknowledged is in the final counts, and nothing else.
    @Test func votesAroundTheClose() async throws {
        let alice = try await site.signUp()
        let voters = try await concurrently(60) { _ in try await site.signUp() }
        let poll = try await Poll(by: alice, closesIn: 300)
        let results = try await concurrently(5) { lane -> [Int] in
            guard lane < 4 else {
                try await eventually {
                    try await site.runJobs()
                    return try await events(of: poll).last == "poll.closed"
                }
                return []
            }
            var statuses: [Int] = []
            for number in lane * 15..<lane * 15 + 15 {
                if number == 8 { try await site.pass(seconds: 300) }
                statuses.append(try await voters[number].vote([Int64(number % 3)], in: poll).status)
            }
            return statuses
        }.flatMap { $0 }
        #expect(Set(results) == [200, 409], "it closed meanwhile")
        let accepted = Int64(results.filter { $0 == 200 }.count)
        let view = try await alice.get("/v1/polls/\(poll.id)")
        #expect(view["closed"] == true && view["voters"].integer == accepted && view["votes"].integer == accepted)
        #expect(try await site.wrongCounts().isEmpty)
        let told = try await events(of: poll)
        #expect(told.last == "poll.closed" && told.filter { $0 == "poll.closed" }.count == 1)
        #expect(told.count == Int(accepted) + 1)
    }

    /// More than one transaction closes.
    @Test func manyAreClosed() async throws {
        let alice = try await site.signUp()
        let count = 230
        let first = try await site.signUp().id
        try await site.database.batch([
            """
            INSERT INTO posts (id, author_id, text) SELECT \(ID(first)!)::bigint + n, \(ID(alice.id)!), ''
            FROM generate_series(1, \(count)::int) n
            """,
            """
            INSERT INTO polls (id, post_id, author_id, options, multiple, results, closes_at)
            SELECT id, id, author_id, '{a,b}', false, 'always', now() + interval '1 minute'
            FROM posts WHERE author_id = \(ID(alice.id)!)
            """,
        ])
        try await site.pass(seconds: 60)
        try await site.runJobs()
        let open = try await site.database.query(
            "SELECT FROM polls WHERE NOT closed AND author_id = \(ID(alice.id)!)")
        #expect(open.isEmpty)
    }
}
