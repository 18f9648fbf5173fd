import Core
import DomainKit
import RedisLink
import TestSite
import Testing

/// Sketches of who has seen what go by themselves, and a receipt's later look would see one that does not.
@Suite(.site, .serialized) struct ViewExpiryTests {
    private let site = TestSite.current
    private static let day = 86_400.0

    /// As a receipt counts them.
    private func overdue() async throws -> Int {
        let holding = try #require(site.holdings.first { $0.name == "redis.views" })
        guard case .agesOut(let hours, _, .count(let count)) = holding.means else {
            Issue.record("\(holding.name) is not counted")
            return -1
        }
        #expect(hours == 48)
        return try await count(ID(raw: 7))
    }

    /// - Returns: the keys of one post that somebody has seen: its sketch, and who waits for a fold.
    private func see() async throws -> [String] {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        #expect(try await bob.post("/v1/views", ["posts": .array([.string(post)])]).status == 204)
        return try await site.keys().filter { $0.hasPrefix("views:") }.sorted()
    }

    @Test func allOfItExpires() async throws {
        let keys = try await see()
        #expect(keys.count == 2)
        for key in keys {
            let left = try #require(try await site.redis.command("TTL", .text(key)).integer)
            #expect((1...Int64(2 * Self.day)).contains(left), "\(key)")
        }
    }

    @Test func whatStaysIsCountedLater() async throws {
        let keys = try await see()
        for key in keys { #expect(try await site.redis.command("PERSIST", .text(key)).integer == 1) }
        #expect(try await overdue() == 0)
        // On the day after the next one something of it may be there still.
        try await site.pass(seconds: 2 * Self.day)
        #expect(try await overdue() == 0)
        try await site.pass(seconds: Self.day)
        #expect(try await overdue() == keys.count)
        // Nothing of what is new, or of others.
        _ = try await site.redis.command("SET", "views", "x")
        _ = try await site.redis.command("SET", "views:{1}:x", "x")
        #expect(try await see().count > keys.count)
        #expect(try await overdue() == keys.count)
        // More than one part of a scan.
        for number in 0..<3_000 { _ = try await site.redis.command("SET", .text("views:{2}:7:\(number)"), "x") }
        #expect(try await overdue() == keys.count + 3_000)
    }
}
