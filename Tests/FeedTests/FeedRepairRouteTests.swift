import Core
import Store
import TestSite
import Testing

/// What a follow and its end do to feeds, and what becomes of feeds when Redis forgets, is away, or comes back.
@Suite(.site, .serialized) struct FeedRepairRouteTests {
    private let site = TestSite.current

    private func pair() async throws -> (TestUser, TestUser) {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        for user in [alice, bob] { #expect(try await user.walk() == []) }
        return (alice, bob)
    }

    /// A follow brings what the author posted before, sorted in among the rest, and once.
    @Test func aNewFollowerGetsOlderPosts() async throws {
        let (alice, carol) = (try await site.signUp(), try await site.signUp())
        #expect(try await carol.walk() == [])
        let old = try await alice.posts(3)
        let own = try await carol.posts(2)
        let new = try await alice.posts(2)
        try await carol.follow(alice)
        for _ in 0..<2 {
            #expect(try await carol.walk(limit: 2) == (old + own + new).reversed())
            try await site.settle()
        }
    }

    /// Once the 204 is out no page shows them, and a follow brings them back once.
    @Test func unfollowedPostsAreGoneAtOnce() async throws {
        let (alice, bob) = try await pair()
        let (ids, own) = (try await alice.posts(5), try await bob.posts(2))
        try await site.settle()
        for _ in 0..<3 {
            try await bob.unfollow(alice)
            #expect(try await bob.walk(limit: 2) == own.reversed())
            try await bob.follow(alice)
            #expect(try await bob.walk(limit: 2) == (ids + own).reversed())
        }
    }

    /// What is posted after an unfollow never comes into the feed, nor what is under way at its time.
    @Test func postsOfTheTimeBetweenAreNotSeen() async throws {
        let (alice, bob) = try await pair()
        _ = try await alice.post(text: "under way")
        try await bob.unfollow(alice)
        _ = try await alice.posts(5)
        let marker = try await bob.post(text: "marker")
        try await site.settle()
        #expect(try await bob.walk() == [marker])
        let live = try await bob.get("/v1/feed")["live"].string!
        _ = try await alice.post(text: "unseen")
        try await site.settle()
        #expect(try await bob.get("/v1/feed?since=\(live)").items.isEmpty)
    }

    /// A follow by a process that has no Redis, or died before the older posts came.
    private func abandonedFollow() async throws -> (TestUser, TestUser, old: [String], live: String) {
        let (alice, carol) = (try await site.signUp(), try await site.signUp())
        let old = try await alice.posts(3)
        try await site.settle()
        let live = try await carol.get("/v1/feed")["live"].string!
        let away = try await site.another(.withoutRedis)
        try await carol.on(away).follow(alice)
        await away.close()
        #expect(try await pending(carol) == 1)
        return (alice, carol, old, live)
    }

    private func pending(_ user: TestUser) async throws -> Int {
        try await site.database.query(
            "SELECT 1 AS one FROM follows WHERE follower = \(ID(user.id)) AND NOT backfilled"
        ).count
    }

    /// After ten seconds, which a process of now has to finish it by itself, the next upkeep brings the older posts, and who
    /// reads live is told to read anew.
    @Test func anAbandonedFollowIsFinished() async throws {
        let (_, carol, old, live) = try await abandonedFollow()
        try await site.runUpkeep()
        #expect(try await pending(carol) == 1)
        try await site.pass(seconds: 11)
        try await site.runUpkeep()
        #expect(try await pending(carol) == 0)
        #expect(try await carol.walk() == old.reversed())
        #expect(try await carol.get("/v1/feed?since=\(live)")["reset"].bool == true)
    }

    /// Until then no page has new posts of the author without the older ones; nobody who reads live is reset for it.
    @Test(arguments: [false, true]) func pagesAreWholeWhileAFollowIsPending(_ wasUnfollowed: Bool) async throws {
        let (alice, carol, old, live) = try await abandonedFollow()
        if wasUnfollowed {
            // Deliveries of the author are refused, as after every unfollow.
            try await carol.unfollow(alice)
            let away = try await site.another(.withoutRedis)
            try await carol.on(away).follow(alice)
            await away.close()
        }
        let new = try await alice.posts(2)
        try await site.settle()
        let own = try await carol.posts(1)
        #expect(try await carol.walk(limit: 1) == (old + new + own).reversed())
        let page = try await carol.get("/v1/feed")
        #expect(try await pending(carol) == 1)
        let missed = try await carol.get("/v1/feed?since=\(live)")
        #expect(missed["reset"].bool == false)
        let posts = missed.items.filter { $0["type"].string == "post.created" }
        #expect(posts.count == (wasUnfollowed ? 1 : 3))
        // The log says that there is a follow: the process that served it could not.
        #expect(missed.items.contains { $0["reason"].string == "follow" && $0["user_id"].string == alice.id })
        #expect(try await carol.get("/v1/feed?since=\(page["live"].string!)")["reset"].bool == true)
        // A moment later the page itself finishes it.
        try await site.pass(seconds: 6)
        let later = try await carol.get("/v1/feed")
        #expect(try await pending(carol) == 0)
        #expect(later.ids == (old + new + own).reversed())
        #expect(try await carol.get("/v1/feed?since=\(later["live"].string!)")["reset"].bool == false)
        #expect(try await carol.get("/v1/feed?since=\(live)")["reset"].bool == true)
    }

    /// A follow that is asked for again finishes what the first has begun.
    @Test func aRepeatedFollowFinishesTheFirst() async throws {
        let (alice, carol) = (try await site.signUp(), try await site.signUp())
        let old = try await alice.posts(3)
        #expect(try await carol.walk() == [])
        let away = try await site.another(.withoutRedis)
        try await carol.on(away).follow(alice)
        await away.close()
        try await carol.follow(alice)
        #expect(try await carol.walk() == old.reversed())
    }

    /// Redis forgets all between any two pages: no gap and no duplicate.
    @Test(arguments: [1, 3, 4]) func redisForgetsBetweenPages(_ limit: Int) async throws {
        let (alice, bob) = try await pair()
        var ids = try await alice.posts(6)
        try await site.settle()
        ids += try await alice.posts(4)
        var (seen, query): ([String], String) = ([], "?limit=\(limit)")
        while true {
            let page = try await bob.get("/v1/feed" + query)
            seen += page.ids
            guard let next = page.next else { break }
            query = "?limit=\(limit)&cursor=\(next)"
            try await site.flushRedis()
        }
        // The newest four may not have been delivered when the walk began.
        #expect(seen.suffix(6) == ids[..<6].reversed() && seen == ids.reversed().suffix(seen.count))
        #expect(try await bob.walk() == ids.reversed())
    }

    @Test func aPositionOfBeforeRedisForgot() async throws {
        let (alice, bob) = try await pair()
        let live = try await bob.get("/v1/feed")["live"].string!
        let id = try await alice.post(text: "x")
        try await site.settle()
        try await site.flushRedis()
        let response = try await bob.get("/v1/feed?since=\(live)")
        #expect(response["reset"].bool == true && response.items.isEmpty)
        #expect(try await bob.walk() == [id])
        let next = try await alice.post(text: "y")
        try await site.settle()
        let later = try await bob.get("/v1/feed?since=\(response["live"].string!)")
        #expect(later.items.map { $0["post"]["id"].string } == [next])
    }

    /// Pages from Redis, without it, and from it again: a walk that began without it goes on without it.
    @Test func redisIsAwayForSomePages() async throws {
        let (alice, bob) = try await pair()
        let away = try await site.another(.withoutRedis)
        let ids = try await alice.posts(12)
        try await site.settle()
        for places in [[false, true, false, true], [true, false, false, true], [true, true, true, true]] {
            var (seen, query): ([String], String) = ([], "?limit=3")
            for isAway in places {
                let page = try await bob.on(isAway ? away : site).get("/v1/feed" + query)
                #expect(page.status == 200)
                seen += page.ids
                query = "?limit=3&cursor=\(page.next ?? "")"
            }
            #expect(seen == ids.reversed())
        }
        // A post that the fan-out has not brought yet is there without Redis; the walk must not lose what is below it.
        let late = try await alice.post(text: "not delivered")
        let first = try await bob.on(away).get("/v1/feed?limit=1")
        #expect(first.ids == [late])
        #expect(try await bob.get("/v1/feed?limit=100&cursor=\(first.next!)").ids == ids.reversed())
        await away.close()
    }

    /// Without Redis a position can't be told: going live from there resets.
    @Test func aPositionFromWithoutRedis() async throws {
        let (alice, bob) = try await pair()
        let away = try await site.another(.withoutRedis)
        let page = try await bob.on(away).get("/v1/feed")
        await away.close()
        _ = try await alice.post(text: "x")
        try await site.settle()
        #expect(try await bob.get("/v1/feed?since=\(page["live"].string!)")["reset"].bool == true)
    }
}
