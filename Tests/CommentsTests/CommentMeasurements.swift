import Core
import Foundation
import Store
import TestSite
import Testing

/// How long pages take of a post with 100,000 top-level comments, a fiftieth of them liked, the first of which has 100,000 replies,
/// while two users write in it: `MARTLET_MEASURE=comments swift test --filter CommentMeasurements`. It prints milliseconds.
@Suite(.site, .enabled(if: ProcessInfo.processInfo.environment["MARTLET_MEASURE"] == "comments"))
struct CommentMeasurements {
    private let site = TestSite.current

    @Test func pages() async throws {
        let users = try await concurrently(3) { _ in try await site.signUp() }
        let post = try await users[0].post(text: "hello")
        try await site.fill(post, by: users[0].id, top: 100_000, replies: 100_000)
        try await site.database.batch([
            """
            INSERT INTO comment_scores (comment_id, post_id, likes)
            SELECT id, post_id, 1 + id % 1000 FROM comments
            WHERE post_id = \(ID(post)!) AND parent_id IS NULL AND id % 50 = 0
            """,
            // Each has its numbers.
            """
            INSERT INTO counters (object_id, stripe, likes, changes) SELECT id, 0, 0, 1 FROM comments
            WHERE post_id = \(ID(post)!) ON CONFLICT DO NOTHING
            """, "ANALYZE",
        ])
        let top = try await users[0].get("/v1/posts/\(post)/comments?limit=1").ids[0]
        let writers = Task {
            try await concurrently(2) { number in
                let user = users[number + 1]
                while !Task.isCancelled {
                    let made = try await user.comment(on: post)
                    _ = try await user.comment(on: post, below: top)
                    try await user.delete(comment: made)
                    try? await Task.sleep(nanoseconds: 5_000_000)
                }
            }
        }
        let paths = ["oldest", "newest", "top"].map { "/v1/posts/\(post)/comments?sort=\($0)&" }
        for path in paths + ["/v1/comments/\(top)/replies?"] {
            for limit in [30, 100] {
                var (times, seen) = ([Double](), Set<String>())
                var count = 0
                var cursor = ""
                repeat {
                    let began = monotonicNanoseconds()
                    let page = try await users[0].get("\(path)limit=\(limit)\(cursor)")
                    times.append(Double(monotonicNanoseconds() - began) / 1e6)
                    #expect(page.status == 200)
                    count += page.ids.count
                    seen.formUnion(page.ids)
                    cursor = page.next.map { "&cursor=" + $0 } ?? ""
                } while !cursor.isEmpty
                #expect(seen.count == count && count >= 100_000)
                let first = times[0]
                times.sort()
                let (half, most) = (times[times.count / 2], times[times.count * 99 / 100])
                print(path, limit, "pages", times.count, "first", first, "p50", half, "p99", most, "max", times.last!)
            }
        }
        writers.cancel()
        _ = try await writers.value
        #expect(try await site.wrongCounts().count == 0)
    }
}
