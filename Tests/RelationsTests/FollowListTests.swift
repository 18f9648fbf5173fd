import TestSite
import Testing

/// `GET /v1/users/{id}/followers` and `/following`.
@Suite(.site) struct FollowListTests {
    private let site = TestSite.current

    /// Newest follow first, over pages, nobody twice; a follow that is renewed is new.
    @Test func followers() async throws {
        let alice = try await site.signUp()
        let fans = try await concurrently(7) { _ in try await site.signUp() }
        for fan in fans { try await fan.follow(alice) }
        let path = "/v1/users/\(alice.id)/followers"
        let pages = try await site.stranger().pages(path, limit: 3)
        #expect(pages.map(\.ids.count) == [3, 3, 1])
        #expect(pages.flatMap(\.ids) == fans.reversed().map(\.id))
        #expect(pages[0].items[0]["handle"].string == fans[6].handle)
        try await fans[0].unfollow(alice)
        try await fans[0].follow(alice)
        #expect(try await alice.walk(path, limit: 2) == ([fans[0]] + fans[1...].reversed()).map(\.id))
    }

    /// Who looks sees which of them he follows.
    @Test func following() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let idols = try await concurrently(4) { _ in try await site.signUp() }
        for idol in idols { try await alice.follow(idol) }
        try await bob.follow(idols[1])
        let path = "/v1/users/\(alice.id)/following"
        #expect(try await alice.walk(path, limit: 3) == idols.reversed().map(\.id))
        let seen = try await bob.get(path)
        #expect(seen.items.map { $0["followed"].bool } == [false, false, true, false])
        #expect(seen.next == nil)
        #expect(try await site.stranger().get(path).items.allSatisfy { $0["followed"].isNull })
    }

    /// Follows that come while somebody pages change nothing behind the cursor.
    @Test func pagesWhileFollowsArrive() async throws {
        let alice = try await site.signUp()
        let fans = try await concurrently(8) { _ in try await site.signUp() }
        for fan in fans[..<5] { try await fan.follow(alice) }
        let path = "/v1/users/\(alice.id)/followers"
        let first = try await alice.get(path + "?limit=2")
        for fan in fans[5...] { try await fan.follow(alice) }
        let second = try await alice.get(path + "?limit=10&cursor=\(first.next!)")
        #expect(first.ids + second.ids == fans[..<5].reversed().map(\.id))
    }

    /// A cursor of one list, of one user's list, of one caller, or an altered one is refused by name.
    @Test func cursorsBelongToTheirListAndCaller() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        for fan in try await concurrently(2, { _ in try await site.signUp() }) {
            for user in [alice, bob] {
                try await fan.follow(user)
                try await user.follow(fan)
            }
        }
        let paths = [alice, bob].flatMap { ["/v1/users/\($0.id)/followers", "/v1/users/\($0.id)/following"] }
        var cursors: [String: String] = [:]
        for path in paths { cursors[path] = try await alice.get(path + "?limit=1").next }
        #expect(cursors.count == 4)
        for path in paths {
            for (other, cursor) in cursors {
                let response = try await alice.get("\(path)?cursor=\(cursor)")
                #expect(
                    other == path ? response.status == 200 : response.isProblem(400, "invalid_cursor", field: "cursor"))
            }
            let wrong = alterations(cursors[path]!) + ["abc", "", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%C3%A4"]
            for cursor in wrong {
                let response = try await alice.get("\(path)?cursor=\(cursor)")
                #expect(response.isProblem(400, "invalid_cursor", field: "cursor"))
            }
            for caller: any Caller in [bob, site.stranger()] {
                let response = try await caller.get("\(path)?cursor=\(cursors[path]!)")
                #expect(response.isProblem(400, "invalid_cursor", field: "cursor"))
            }
        }
    }
}
