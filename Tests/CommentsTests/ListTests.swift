import Core
import Store
import TestSite
import Testing

/// `GET /v1/posts/{id}/comments` and `GET /v1/comments/{id}/replies`: pages.
@Suite(.site, .serialized) struct ListTests {
    private let site = TestSite.current

    private func list(_ post: String, _ sort: String? = nil) -> String {
        "/v1/posts/\(post)/comments" + (sort.map { "?sort=\($0)" } ?? "")
    }

    private func walk(_ caller: any Caller, _ path: String, limit: Int) async throws -> [TestResponse] {
        var pages: [TestResponse] = []
        var cursor = ""
        while true {
            let page = try await caller.get("\(path)\(path.contains("?") ? "&" : "?")limit=\(limit)\(cursor)")
            guard page.status == 200 else { throw UnexpectedResponse(response: page) }
            pages.append(page)
            guard let next = page.next else { return pages }
            cursor = "&cursor=" + next
        }
    }

    /// Likes of comments, as rankings know them.
    private func like(_ comment: String, _ likes: Int64) async throws {
        try await site.database.query(
            """
            INSERT INTO comment_scores (comment_id, post_id, likes)
            SELECT id, post_id, \(likes) FROM comments WHERE id = \(ID(comment)!)
            ON CONFLICT (comment_id) DO UPDATE SET likes = excluded.likes
            """)
    }

    @Test func threeOrders() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hello")
        #expect(try await alice.get(list(post, "top")).ids.isEmpty)
        var comments: [String] = []
        for number in 0..<7 { comments.append(try await alice.comment("\(number)", on: post)) }
        for limit in [1, 2, 6, 7, 100] {
            for sort in [nil, "oldest"] as [String?] {
                #expect(try await walk(alice, list(post, sort), limit: limit).flatMap(\.ids) == comments)
            }
            // Nobody likes any.
            for sort in ["newest", "top"] {
                #expect(try await walk(alice, list(post, sort), limit: limit).flatMap(\.ids) == comments.reversed())
            }
        }
        try await like(comments[2], 3)
        try await like(comments[4], 5)
        try await like(comments[1], 3)
        let order = [4, 2, 1, 6, 5, 3, 0].map { comments[$0] }
        for limit in [1, 2, 3, 4, 6, 7, 100] {
            #expect(try await walk(alice, list(post, "top"), limit: limit).flatMap(\.ids) == order, "\(limit)")
        }
    }

    /// What is liked meanwhile changes the next walk.
    @Test func aRankingStaysAsItWas() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        var comments: [String] = []
        for number in 0..<6 { comments.append(try await alice.comment("\(number)", on: post)) }
        try await like(comments[0], 9)
        try await like(comments[1], 8)
        try await like(comments[2], 7)
        let first = try await alice.get(list(post, "top") + "&limit=2")
        #expect(first.ids == [comments[0], comments[1]])
        try await like(comments[5], 100)
        try await like(comments[0], 0)
        try await alice.delete(comment: comments[2])
        let late = try await alice.comment("late", on: post)
        let second = try await alice.get(list(post, "top") + "&limit=3&cursor=\(first.next!)")
        #expect(second.ids == [late, comments[5], comments[4]])
        let third = try await alice.get(list(post, "top") + "&limit=3&cursor=\(second.next!)")
        #expect(third.ids == [comments[3]] && third.next == nil)
        #expect(
            try await bob.get(list(post, "top") + "&limit=1&cursor=\(first.next!)").isProblem(400, "invalid_cursor"))
        #expect(try await alice.get(list(post, "newest") + "&cursor=\(first.next!)").isProblem(400, "invalid_cursor"))
        try await site.pass(seconds: 31)
        #expect(try await alice.get(list(post, "top") + "&limit=2").ids == [comments[5], comments[1]])
        #expect(try await alice.get(list(post, "top") + "&limit=3&cursor=\(first.next!)").ids == second.ids)
        try await site.pass(seconds: 14 * 60 + 30)
        let old = try await site.logIn(alice).get(list(post, "top") + "&limit=3&cursor=\(first.next!)")
        #expect(old.isProblem(400, "invalid_cursor", field: "cursor"))
        try await site.pass(seconds: 120)
        try await site.runUpkeep()
        let left = try await site.database.query("SELECT id FROM comment_rankings WHERE post_id = \(ID(post)!)")
        #expect(left.isEmpty)
    }

    @Test func repliesAreFlatAndPreviewed() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hello")
        let (top, other) = (try await alice.comment(on: post), try await alice.comment(on: post))
        var below: [String] = []
        for number in 0..<5 {
            below.append(try await alice.comment("\(number)", on: post, below: below.last ?? top))
        }
        for limit in [1, 2, 5] {
            #expect(try await alice.walk("/v1/comments/\(top)/replies", limit: limit) == below)
            #expect(try await alice.walk("/v1/comments/\(below[1])/replies", limit: limit) == Array(below[2...]))
        }
        let page = try await site.stranger().get(list(post))
        #expect(page.ids == [top, other] && page.next == nil)
        let previews = page.items[0]["replies_preview"].array ?? []
        #expect(previews.map { $0["id"].string } == [below[0], below[1]])
        #expect(page.items[1]["replies_preview"].isNull)
        #expect(page.items[0]["counts"]["replies"].integer == 5 && previews[0]["counts"]["replies"].integer == 4)
        let next = try #require(try await alice.get("/v1/comments/\(top)/replies?limit=2").next)
        let foreign = try await alice.get("/v1/comments/\(below[0])/replies?cursor=\(next)")
        #expect(foreign.isProblem(400, "invalid_cursor", field: "cursor"))
        // One that is deleted is passed over where there are others.
        try await alice.delete(comment: below[0])
        let shown = try await alice.get(list(post)).items[0]["replies_preview"].array ?? []
        #expect(shown.map { $0["id"].string } == [below[1], below[2]])
    }

    /// Long texts end a page before its limit.
    @Test func pagesAreCutByBytes() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hello")
        let long = String(repeating: "\u{20ac}", count: 2000)
        var comments: [String] = []
        for _ in 0..<40 {
            let top = try await alice.comment(long, on: post)
            comments.append(top)
            for _ in 0..<2 { _ = try await alice.comment(long, on: post, below: top) }
        }
        for sort in ["oldest", "newest", "top"] {
            let pages = try await walk(alice, list(post, sort), limit: 100)
            #expect(pages.flatMap(\.ids) == (sort == "oldest" ? comments : comments.reversed()))
            #expect(pages.count > 2 && pages.allSatisfy { $0.body.count < 300_000 })
            #expect(pages.flatMap(\.items).allSatisfy { $0["replies_preview"].array?.count == 2 })
        }
    }

    /// Somebody walks through a thread while others write in it: what was there when he began comes once, in order.
    @Test func walksWhileItIsWrittenTo() async throws {
        let users = try await concurrently(4) { _ in try await site.signUp() }
        let post = try await users[0].post(text: "hello")
        try await site.fill(post, by: users[0].id, top: 3000, replies: 3000)
        let top = try await users[0].get(list(post) + "?limit=1").ids[0]
        for number in stride(from: 0, to: 400, by: 7) {
            let rows = try await site.database.query(
                "SELECT id FROM comments WHERE post_id = \(ID(post)!) AND parent_id IS NULL ORDER BY id OFFSET \(number) LIMIT 1"
            )
            try await like(try rows[0].id("id").description, Int64(1 + number % 50))
        }
        let paths = ["oldest", "newest", "top"].map { list(post, $0) } + ["/v1/comments/\(top)/replies"]
        for path in paths {
            let before = try await existing(post, below: path.hasSuffix("replies") ? top : nil)
            let writers = Task {
                try await concurrently(3) { number in
                    let user = users[number + 1]
                    while !Task.isCancelled {
                        let made = try await user.comment(on: post)
                        let reply = try await user.comment(on: post, below: Int.random(in: 0...1) == 0 ? made : top)
                        try await user.delete(comment: Bool.random() ? made : reply)
                    }
                }
            }
            let walked = try await walk(users[0], path, limit: 37).flatMap(\.ids)
            writers.cancel()
            _ = try await writers.value
            #expect(Set(walked).count == walked.count, "\(path): a duplicate")
            let left = try await existing(post, below: path.hasSuffix("replies") ? top : nil)
            #expect(Set(before).intersection(left).subtracting(walked).isEmpty, "\(path): a gap")
            let numbers = walked.compactMap { ID($0)?.raw }
            if path.contains("newest") { #expect(numbers == numbers.sorted(by: >)) }
            if path.contains("oldest") || path.hasSuffix("replies") { #expect(numbers == numbers.sorted()) }
        }
        #expect(try await site.wrongCounts().count == 0)
    }

    private func existing(_ post: String, below top: String?) async throws -> [String] {
        let rows =
            if let top {
                try await site.database.query("SELECT id FROM comment_replies WHERE ancestor_id = \(ID(top)!)")
            } else {
                try await site.database.query(
                    "SELECT id FROM comments WHERE post_id = \(ID(post)!) AND parent_id IS NULL")
            }
        return try rows.map { try $0.id("id").description }
    }
}
