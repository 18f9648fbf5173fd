import Core
import DomainKit
import Store
import TestSite
import Testing

/// What becomes of polls and votes when somebody leaves.
@Suite(.site, .serialized) struct LeavingTests {
    private let site = TestSite.current

    @Test func aVoterTakesHisVotesWithHim() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let (open, closed) = (try await Poll(by: alice, multiple: true), try await Poll(by: alice, closesIn: 300))
        for voter in [bob, carol] {
            #expect(try await voter.vote([0, 2], in: open).status == 200)
            #expect(try await voter.vote([1], in: closed).status == 200)
        }
        try await site.pass(seconds: 300)
        try await site.runJobs()
        let before = try await alice.get("/v1/polls/\(open.id)")["version"].integer!
        // Who is suspended is counted on.
        try await site.suspend(bob)
        #expect(try await site.counts(of: open, by: alice) == [2, 0, 2, 4, 2])
        try await site.restore(bob)
        try await site.erase(bob)
        #expect(try await site.counts(of: open, by: alice) == [1, 0, 1, 2, 1])
        #expect(try await site.counts(of: closed, by: alice) == [0, 1, 0, 1, 1])
        #expect(try await alice.get("/v1/polls/\(open.id)")["version"].integer! > before)
        #expect(try await site.wrongCounts().isEmpty)
        #expect(try await site.database.query("SELECT FROM poll_votes WHERE voter = \(ID(bob.id)!)").isEmpty)
    }

    /// Those who leave at once have voted in the same polls, and somebody votes in them meanwhile.
    @Test func manyLeaveAtOnce() async throws {
        let alice = try await site.signUp()
        let voters = try await concurrently(40) { _ in try await site.signUp() }
        var polls: [Poll] = []
        for _ in 0..<8 { polls.append(try await Poll(by: alice)) }
        for poll in polls {
            let responses = try await concurrently(20) { try await voters[$0].vote([0], in: poll) }
            #expect(responses.allSatisfy { $0.status == 200 })
        }
        let votes = try #require(site.holdings.first { $0.name == "postgres.poll_votes" })
        guard case .erased(let erase, _) = votes.means else {
            Issue.record("votes are erased")
            return
        }
        _ = try await concurrently(40) { [polls] number in
            guard number < 20 else {
                for poll in polls.reversed() { #expect(try await voters[number].vote([1], in: poll).status == 200) }
                return
            }
            let user = ID(voters[number].id)!
            var next: Int64? = 0
            while let position = next {
                next = try await site.database.transaction { try await erase($0, user, position, 3) }.next
            }
        }
        for poll in polls { #expect(try await site.counts(of: poll, by: alice) == [0, 20, 0, 20, 20]) }
        #expect(try await site.wrongCounts().isEmpty)
    }

    @Test func anAuthorTakesHisPollsWithHim() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let polls = [try await Poll(by: alice), try await Poll(by: alice)]
        for poll in polls {
            for voter in [alice, bob] { #expect(try await voter.vote([0], in: poll).status == 200) }
        }
        try await site.erase(alice)
        for poll in polls {
            let id = ID(poll.id)!
            for left: SQL in [
                "SELECT FROM polls WHERE id = \(id)", "SELECT FROM poll_votes WHERE poll_id = \(id)",
                "SELECT FROM poll_counts WHERE poll_id = \(id)",
            ] { #expect(try await site.database.query(left).isEmpty) }
            #expect(try await bob.get("/v1/polls/\(poll.id)").isProblem(404, "not_found"))
        }
    }
}
