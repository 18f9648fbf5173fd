import Core
import Store
import TestSite
import Testing

/// `POST /v1/polls/{id}/votes`.
@Suite(.site, .serialized) struct VoteTests {
    private let site = TestSite.current

    /// Each poll's counts are what its votes come to.
    private func expectExact() async throws {
        #expect(try await site.wrongCounts().isEmpty)
    }

    private func counts(_ poll: Poll) async throws -> [Int64?] { try await site.counts(of: poll, by: site.stranger()) }

    @Test func votesAreCountedByOption() async throws {
        let alice = try await site.signUp()
        let poll = try await Poll(by: alice)
        for (option, count) in [(Int64(0), 3), (1, 2)] {
            for _ in 0..<count {
                let voter = try await site.signUp()
                let response = try await voter.vote([option], in: poll)
                #expect(response.status == 200 && response["voted"] == [.integer(option)])
            }
        }
        #expect(try await alice.vote([0], in: poll)["voted"] == [0])
        #expect(try await counts(poll) == [4, 2, 0, 6, 6])
        #expect(try await site.stranger().get("/v1/polls/\(poll.id)")["version"] == 6)
        try await expectExact()
    }

    @Test func aVoteForSeveralIsOneVoter() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice, multiple: true)
        #expect(try await bob.vote([2, 0], in: poll)["voted"] == [0, 2])
        #expect(try await carol.vote([2], in: poll).status == 200)
        #expect(try await counts(poll) == [1, 0, 2, 3, 2])
        try await expectExact()
    }

    @Test func whatIsNoVoteIsNotCounted() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let (single, multiple) = (try await Poll(by: alice), try await Poll(by: alice, multiple: true))
        for (options, field): (JSONValue, String) in [
            ([], "options"), ([3], "options"), ([0, 1], "options"), ([8], "options.0"), ([-1], "options.0"),
            ([0, "1"], "options.1"), ([0, 0], "options"), (.integer(0), "options"), ([0.5], "options.0"),
        ] {
            #expect(
                try await bob.post("/v1/polls/\(single.id)/votes", ["options": options])
                    .isProblem(400, "invalid_field", field: field), "\(options.text)")
        }
        #expect(try await bob.vote([], in: multiple).isProblem(400, "invalid_field", field: "options"))
        #expect(try await bob.vote([1, 1], in: multiple).isProblem(400, "invalid_field", field: "options"))
        #expect(
            try await bob.post("/v1/polls/\(single.id)/votes", [:]).isProblem(400, "missing_field", field: "options"))
        for poll in [single, multiple] { #expect(try await counts(poll) == [0, 0, 0, 0, 0]) }
    }

    @Test func aSecondVoteIsRefused() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice)
        #expect(try await bob.vote([0], in: poll).status == 200)
        for option in [Int64(0), 1] { #expect(try await bob.vote([option], in: poll).isProblem(409, "already_voted")) }
        #expect(try await counts(poll) == [1, 0, 0, 1, 1])
        #expect(try await bob.get("/v1/polls/\(poll.id)")["voted"] == [0])
        try await site.settle()
        #expect(site.events(in: "engagement.events", of: poll.post) == ["poll.voted"])
    }

    /// Forty voters with twenty-five votes each at once, some with a key, some without.
    @Test func ofManyAtOnceOneCounts() async throws {
        let alice = try await site.signUp()
        let poll = try await Poll(by: alice, multiple: true)
        let voters = try await concurrently(40) { _ in try await site.signUp() }
        let responses = try await concurrently(1000) { number in
            try await voters[number % 40].vote(
                [Int64(number % 3)], in: poll, number % 2 == 0 ? [:] : ["Idempotency-Key": "vote-\(number)"])
        }
        #expect(responses.filter { $0.status == 200 }.count == 40)
        #expect(responses.filter { $0.isProblem(409, "already_voted") }.count == 960)
        let (votes, voted) = (try await counts(poll), try await voters[0].get("/v1/polls/\(poll.id)"))
        #expect(votes[3] == 40 && votes[4] == 40 && voted["version"] == 40)
        try await expectExact()
        try await site.settle()
        #expect(site.events(in: "engagement.events", of: poll.post) == .init(repeating: "poll.voted", count: 40))
    }

    @Test func anIdempotencyKeyGivesTheFirstResponse() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice)
        let first = try await bob.vote([1], in: poll, ["Idempotency-Key": "k"])
        let second = try await bob.vote([1], in: poll, ["Idempotency-Key": "k"])
        #expect(first.status == 200 && second.isReplayed && first.body == second.body)
        #expect(try await bob.vote([0], in: poll, ["Idempotency-Key": "k"]).isProblem(409, "idempotency_conflict"))
        // Also when the post has gone since.
        #expect(try await alice.delete("/v1/posts/\(poll.post)").status == 204)
        #expect(try await bob.vote([1], in: poll, ["Idempotency-Key": "k"]).body == first.body)
        try await expectExact()
    }

    /// Nobody votes in what he does not see, whenever that begins.
    @Test func whoDoesNotSeeThePostHasNoVote() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice)
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        #expect(try await bob.vote([0], in: poll).isProblem(404, "not_found"))
        #expect(try await bob.get("/v1/polls/\(poll.id)").isProblem(404, "not_found"))
        #expect(try await counts(poll) == [0, 0, 0, 0, 0])
    }

    @Test func theAuditFindsWhatIsWrong() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice, multiple: true)
        #expect(try await bob.vote([0, 2], in: poll).status == 200)
        try await expectExact()
        let id = ID(poll.id)!
        for damage: SQL in [
            "UPDATE poll_counts SET votes = '{0,1,5}', voters = 7 WHERE poll_id = \(id)",
            "DELETE FROM poll_counts WHERE poll_id = \(id)",
        ] {
            try await site.database.query(damage)
            let found = try await site.wrongCounts(repairs: true)
            #expect(found.map(\.id) == [id] && found[0].name == "votes" && found[0].found == "{1,1,0,1}")
            #expect(try await counts(poll) == [1, 0, 1, 2, 1])
            try await expectExact()
        }
    }
}
