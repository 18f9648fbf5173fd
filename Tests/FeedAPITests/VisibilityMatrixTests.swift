import Core
import HTTPService
import Store
import TestSite
import Testing

/// Who sees what on every route and channel: operations × what lies between the caller and an author. The rows are made for
/// the operations of the router and the kinds of channels: one that has none fails.
@Suite(.site, .serialized) struct VisibilityMatrixTests {
    private let site = TestSite.current

    @Test func everyOperationHasARow() {
        #expect(Set(site.operations.map(\.id)) == Set(VisibilityRow.all.keys))
    }

    @Test func everyChannelHasARow() { #expect(site.channelKinds.names == VisibilityRow.channels.keys.sorted()) }

    @Test(arguments: VisibilityCase.allCases) func everyCell(_ between: VisibilityCase) async throws {
        let away = try await site.another(.withoutRedis)
        func world() async throws -> VisibilityWorld { try await VisibilityWorld(between, on: site, away: away) }
        let readOnly = try await world()
        // A world takes some forty requests. What was refused must have changed nothing, so the next write is given its world.
        var untouched: VisibilityWorld?
        var cells = 0
        for (id, row) in VisibilityRow.all.sorted(by: { $0.key < $1.key }) {
            for probe in row.probes {
                let world =
                    if !row.isWrite { readOnly } else if let untouched { untouched } else { try await world() }
                let response = try await probe.send(world)
                if row.isWrite { untouched = response.status >= 400 ? world : nil }
                let seen = VisibilityRow.Seen(response.status, world.things(in: response))
                let expected =
                    row.isWrite && between.isRefused ? VisibilityRow.Seen(403) : probe.expected(between)
                #expect(seen == expected, "\(id), \(probe.name), \(between.rawValue): \(response)")
                cells += 1
            }
        }
        #expect(cells >= 47)
        await away.close()
    }

    /// The same of a feed below its timeline, in what is stored of it: newer posts of somebody else fill the timeline.
    @Test(arguments: VisibilityCase.allCases.filter(\.isSignedIn))
    func belowTheTimeline(_ between: VisibilityCase) async throws {
        let world = try await VisibilityWorld(between, on: site, away: site)
        let (filler, reader) = (try await site.signUp(), world.caller as! TestUser)
        let newest = SQL.parameter(ID(world.mentionOfThird)!)
        // No case has another's ids.
        let first = 10_000 + 1000 * VisibilityCase.allCases.firstIndex(of: between)!
        try await site.database.batch([
            """
            INSERT INTO posts (id, author_id, text)
            SELECT \(newest)::bigint + (\(first)::bigint + n) * 4096, \(ID(filler.id)!), 'x' FROM generate_series(1, 820) n
            """,
            """
            INSERT INTO follows (followee, bucket, follower, id, backfilled)
            VALUES (\(ID(filler.id)!), \(Bucket.of(ID(reader.id)!)), \(ID(reader.id)!), \(newest), true)
            """,
        ])
        try await site.flushRedis()
        let pages = try await reader.pages()
        #expect(pages.count >= 8)
        let things = pages.reduce(into: Set<VisibilityWorld.Thing>()) { $0.formUnion(world.things(in: $1)) }
        var expected: Set<VisibilityWorld.Thing> = []
        if between.feedHasPosts { expected = [.author, .publicPost, .postForFollowers, .mentionOfViewer] }
        if between.isSelf { expected.formUnion([.mentionOfThird, .third]) }
        #expect(things == expected)
    }

    /// What may not be seen and what never was get the same response, but for the id that was asked for.
    @Test func hiddenIsAsIfItHadNeverBeen() async throws {
        let away = try await site.another(.withoutRedis)
        let world = try await VisibilityWorld(.blocked, on: site, away: away)
        let (user, post) = (world.author.id, world.publicPost)
        for (hidden, none, id) in [
            ("/v1/users/\(user)", "/v1/users/1", user), ("/v1/users/\(user)/posts", "/v1/users/1/posts", user),
            ("/v1/users/\(user)/followers", "/v1/users/1/followers", user),
            ("/v1/users/\(user)/relation", "/v1/users/1/relation", user),
            ("/v1/users/@\(world.author.handle)", "/v1/users/@nobody_has_this", user),
            ("/v1/posts/\(post)", "/v1/posts/1", post),
        ] {
            let (one, other) = (try await world.viewer.get(hidden), try await world.viewer.get(none))
            #expect(one.isProblem(404, "not_found") && other.isProblem(404, "not_found"))
            #expect(one["detail"].string?.replacing(id, with: "1") == other["detail"].string, "\(hidden)")
        }
        for method in ["PUT", "DELETE"] {
            let (one, other) = (
                try await world.viewer.send(method, "/v1/users/\(user)/follow"),
                try await world.viewer.send(method, "/v1/users/1/follow")
            )
            #expect(one.isProblem(404, "not_found") && other.isProblem(404, "not_found"))
            #expect(one["detail"].string?.replacing(user, with: "1") == other["detail"].string)
        }
        await away.close()
    }
}
