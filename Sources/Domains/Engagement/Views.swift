import Core
import Posts
import RedisLink
import Store

/// How often posts are seen, about: a viewer counts once a day. Redis has a sketch (HyperLogLog) for each post and day, which an
/// hourly fold adds to `counters`. What Redis loses is lost.
///
///   views:{slot}:<day>:<post>  HyperLogLog  viewers
///   views:{slot}:<day>         set          posts with viewers that are not folded yet
///
/// `day` counts from 1970, in UTC; `slot` spreads posts over a cluster. Both live two days.
struct Views: Sendable {
    /// Of one request.
    static let most = 100
    static let slots: Int64 = 16
    private static let life: RedisArgument = .number(2 * 86_400)
    /// That one fold reads at once.
    private static let batch: Int64 = 500

    let database: Database
    let redis: Redis
    let clock: any WallClock

    private var today: Int64 { clock.milliseconds() / 86_400_000 }

    private func waiting(_ slot: Int64, _ day: Int64) -> String { "views:{\(slot)}:\(day)" }

    private func sketch(_ post: ID, _ day: Int64) -> String { "\(waiting(Self.slot(of: post), day)):\(post)" }

    private static func slot(of post: ID) -> Int64 { post.raw % slots }

    // MARK: Seeing

    /// Posts that the viewer may not see, and his own, don't count.
    func saw(_ posts: [ID], viewer: ID) async throws {
        let reader = SQL.parameter(viewer)
        let seen = try await database.query(
            """
            SELECT p.id FROM posts p
            WHERE p.id = ANY (\(posts)::bigint[]) AND p.author_id <> \(reader)
                AND \(PostVisibility.sql("p", to: reader))
            """
        ).map { try $0.id("id") }
        let day = today
        let commands = seen.flatMap { post -> [[RedisArgument]] in
            let (sketch, waiting) = (sketch(post, day), waiting(Self.slot(of: post), day))
            return [
                ["PFADD", .text(sketch), .text(viewer.description)], ["EXPIRE", .text(sketch), Self.life],
                ["SADD", .text(waiting), .text(post.description)], ["EXPIRE", .text(waiting), Self.life],
            ]
        }
        for reply in try await redis.pipeline(commands) {
            if case .error(let text) = reply { throw RedisError.server(text) }
        }
    }

    /// How many keys are there of days that should have gone by themselves: none.
    func overdue() async throws -> Int {
        var (position, count) = ("0", 0)
        repeat {
            let reply = try await redis.command("SCAN", .text(position), "MATCH", "views:*", "COUNT", 1000)
            guard let parts = reply.elements, parts.count == 2, let next = parts[0].text else {
                throw RedisError.unexpectedReply("a part of the keys")
            }
            position = next
            count += (parts[1].elements ?? []).count { key in
                guard let day = key.text?.split(separator: ":").dropFirst(2).first.flatMap({ Int64($0) }) else {
                    return false
                }
                return day < today - 2
            }
        } while position != "0"
        return count
    }

    // MARK: Folding

    /// Brings what waits of today and yesterday into PostgreSQL.
    func fold() async throws {
        let day = today
        for day in [day - 1, day] {
            for slot in 0..<Self.slots {
                while try await fold(slot, day) {}
            }
        }
        try await database.query("DELETE FROM post_views WHERE day < \(day - 2)")
    }

    /// - Returns: whether there may be more.
    private func fold(_ slot: Int64, _ day: Int64) async throws -> Bool {
        let waiting = RedisArgument.text(waiting(slot, day))
        let reply = try await redis.command("SPOP", waiting, .number(Self.batch))
        let posts = (reply.elements ?? []).compactMap { $0.text.flatMap { ID($0) } }
        guard !posts.isEmpty else { return false }
        do {
            let counts = try await redis.pipeline(posts.map { ["PFCOUNT", .text(sketch($0, day))] })
            try await add(posts, counts.map { $0.integer ?? 0 }, day)
        } catch {
            // Where this does not come through either they are counted when somebody sees them next.
            _ = try? await redis.pipeline([["SADD", waiting] + posts.map { .text($0.description) }])
            throw error
        }
        return posts.count == Self.batch
    }

    /// What came since the day's last fold. A sketch that Redis has lost begins anew, and takes nothing away.
    private func add(_ posts: [ID], _ viewers: [Int64], _ day: Int64) async throws {
        try await database.transaction { transaction in
            // Two folds at once would both add.
            try await transaction.query("LOCK TABLE post_views IN SHARE ROW EXCLUSIVE MODE")
            try await transaction.query(
                """
                WITH seen AS (
                    SELECT s.post, s.viewers - COALESCE(v.viewers, 0) AS more
                    FROM unnest(\(posts)::bigint[], \(viewers)::bigint[]) s (post, viewers)
                    JOIN posts p ON p.id = s.post
                    LEFT JOIN post_views v ON v.post_id = s.post AND v.day = \(day)),
                fresh AS (SELECT post, more FROM seen WHERE more > 0 ORDER BY post),
                noted AS (
                    INSERT INTO post_views AS v (post_id, day, viewers) SELECT post, \(day)::integer, more FROM fresh
                    ON CONFLICT (post_id, day) DO UPDATE SET viewers = v.viewers + excluded.viewers)
                INSERT INTO counters AS c (object_id, stripe, views) SELECT post, 0, more FROM fresh
                ON CONFLICT (object_id, stripe) DO UPDATE SET views = c.views + excluded.views
                """)
        }
    }
}
