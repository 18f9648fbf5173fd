import TestSite
import Testing

/// `GET /v1/users/{id}/mutuals` and `/relation`.
@Suite(.site) struct MutualTests {
    private let site = TestSite.current

    @Test func whoFollowsAndIsFollowedBack() async throws {
        let alice = try await site.signUp()
        let others = try await concurrently(6) { _ in try await site.signUp() }
        for other in others { try await alice.follow(other) }
        for other in [others[1], others[4]] { try await other.follow(alice) }
        let path = "/v1/users/\(alice.id)/mutuals"
        #expect(try await site.stranger().walk(path, limit: 1) == [others[4].id, others[1].id])
        #expect(try await site.stranger().get("/v1/users/1/mutuals").isProblem(404, "not_found"))
    }

    @Test func whatTheTwoAreToEachOther() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        func relation(_ one: TestUser, _ other: TestUser) async throws -> [String] {
            let seen = try await one.get("/v1/users/\(other.id)/relation")
            #expect(
                seen.json.object?.keys == [
                    "followed", "requested", "follows_you", "blocked", "muted", "mutual", "bell",
                ])
            return seen.json.object!.members.filter { $0.1.bool! }.map(\.0)
        }
        #expect(try await relation(alice, bob) == [])
        try await alice.follow(bob)
        #expect(try await relation(alice, bob) == ["followed"])
        #expect(try await relation(bob, alice) == ["follows_you"])
        try await bob.follow(alice)
        #expect(try await relation(alice, bob) == ["followed", "follows_you", "mutual"])
        #expect(try await bob.put("/v1/users/\(alice.id)/mute").status == 204)
        #expect(try await relation(bob, alice).contains("muted"))
        #expect(try await !relation(alice, bob).contains("muted"))
    }
}
