import Core
import Live
import RedisLink
import Testing

@testable import Feed

/// Another number of partitions, and the same number again.
@Suite struct TimelineLayoutTests {
    private let ann = ID(raw: 1)
    private let author = ID(raw: 7)

    private func event(_ post: Int64) -> TimelineEvent { .of(.created, ID(raw: post), by: author) }

    private func keys(_ timelines: Timelines) async throws -> [String] {
        let reply = try await timelines.redis.command("KEYS", .text(timelines.options.prefix + "*"))
        return (reply.elements ?? []).compactMap(\.text).sorted()
    }

    /// As processes of the version before have them.
    @Test func theFirstLayoutHasNoNumberInItsKeys() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines(partitions: 4)
        #expect(timelines.tag(3) == "{4.3}")
        let later = Timelines(
            redis: server.redis, partitions: Partitions(count: 4, layout: 3), options: timelines.options)
        #expect(later.tag(3) == "{4.3.3}")
    }

    /// A process that hangs wakes up: what it does is refused, and comes again.
    @Test func nothingIsDoneInALayoutThatHasEnded() async throws {
        let server = try await TimelinesServer()
        let old = server.timelines(partitions: 4)
        let new = Timelines(redis: server.redis, partitions: Partitions(count: 2, layout: 2), options: old.options)
        try await old.ensureEmpty(ann)
        _ = try await old.deliver(event(10), to: [ann])
        for _ in 1...2 { try await new.end(old.partitions) }
        func isRefused(_ work: () async throws -> Void) async -> Bool {
            do {
                try await work()
                return false
            } catch {
                return (error as? RedisError)?.isTemporary == true
            }
        }
        #expect(await isRefused { _ = try await old.deliver(event(11), to: [ann]) })
        #expect(await isRefused { _ = try await old.deliver([event(11), event(12)], to: [ann]) })
        #expect(await isRefused { _ = try await old.page(ann, limit: 10) })
        #expect(await isRefused { try await old.ensureEmpty(ID(raw: 2)) })
        #expect(await isRefused { _ = try await old.purge(ann) })
        #expect(try await old.list(ann).map(\.post.raw) == [10, 0])
        try await new.ensureEmpty(ann)
        #expect(try await new.deliver(event(11), to: [ann]).written == 1)
    }

    /// Back at the number of before, and nothing is there of before.
    @Test func theSameNumberAgainIsAnotherLayout() async throws {
        let server = try await TimelinesServer()
        let first = server.timelines(partitions: 4)
        func layout(_ number: Int, _ count: Int) -> Timelines {
            Timelines(
                redis: server.redis, partitions: Partitions(count: count, layout: number), options: first.options)
        }
        let (second, third) = (layout(2, 2), layout(3, 4))
        for (timelines, post) in [(first, 10), (second, 11), (third, 12)] as [(Timelines, Int64)] {
            if timelines.partitions.layout > 1 {
                #expect(try await timelines.page(ann, limit: 10) == .missing)
            }
            try await timelines.ensureEmpty(ann)
            _ = try await timelines.deliver(event(post), to: [ann])
        }
        try await second.end(first.partitions)
        try await third.end(second.partitions)
        let own = try await keys(third).filter { key in (0..<4).contains { key.contains("{4.\($0).3}") } }
        #expect(try await first.clearEarlier() == 0)
        #expect(try await third.clearEarlier() > 0)
        let ended = (0..<2).map { "\(first.options.prefix)ended:{2.\($0).2}" }
        #expect(try await keys(third) == (own + ended).sorted())
        #expect(try await third.list(ann).map(\.post.raw) == [12, 0])
    }
}
