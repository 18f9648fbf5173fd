import Core
import RedisLink
import Runtime
import Testing

@testable import Feed

/// A Redis that has gone back in time is found out, and made one that has lost everything.
@Suite struct DatasetTests {
    private let server: TimelinesServer
    private let timelines: Timelines
    private let user = ID(raw: 1)

    init() async throws {
        server = try await TimelinesServer()
        timelines = server.timelines(partitions: 4)
        try await enter()
        try await timelines.ensureEmpty(user)
    }

    /// A connection comes.
    private func enter() async throws {
        var options = Redis.Options()
        options.scripts = Timelines.scripts
        options.entry = Timelines.entry(timelines.partitions, prefix: timelines.options.prefix)
        let link = try await Redis(on: EventLoop(name: "dataset"), address: server.address, options: options)
        try await link.waitUntilConnected(milliseconds: 10_000)
        await link.close()
    }

    private func key(_ name: String) -> RedisArgument { .text(timelines.options.prefix + name) }

    private func isThere() async throws -> Bool {
        try await server.redis.command("EXISTS", .text(timelines.listKey(user))) == .integer(1)
    }

    private func epoch() async throws -> UInt64 {
        try await timelines.register([user], node: NodeName("aaaaaaaa")!)[0].cursor.epoch
    }

    @Test func anotherRun() async throws {
        let before = try await epoch()
        try await enter()
        #expect(try await isThere())
        #expect(try await epoch() == before)
        _ = try await server.redis.command("SET", key("run"), "another")
        try await enter()
        #expect(try await !isThere())
        #expect(try await epoch() != before)
        let after = try await epoch()
        try await enter()
        #expect(try await epoch() == after)
    }

    /// Also in steps, by several at once; what is not ours stays.
    @Test func allThatIsOursGoes() async throws {
        let prefix = timelines.options.prefix
        let others = ["tl:{4.1}:9", "other", "\(prefix)tl:none", "x\(prefix)tl:{4.1}:9"]
        for other in others { _ = try await server.redis.command("SET", .text(other), "x") }
        let fill = "for i = 1, 35000 do redis.call('SET', ARGV[1] .. 'tl:{4.' .. i % 4 .. '}:' .. i + 10, 'x') end"
        _ = try await server.redis.command("EVAL", .text(fill), 0, key(""))
        let before = try await epoch()
        _ = try await server.redis.command("SET", key("run"), "another")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { try await enter() } }
            try await group.waitForAll()
        }
        let keys = try await server.redis.command("KEYS", "*").elements!.compactMap(\.text)
        #expect(Set(keys) == Set(others + ["run", "mark"].map { prefix + $0 }))
        #expect(try await epoch() != before)
    }

    @Test func theMark() async throws {
        #expect(try await timelines.move(mark: 0) == 1)
        #expect(try await timelines.move(mark: 1) == 2)
        // Two that move it at once.
        #expect(try await timelines.move(mark: 1) == 3)
        #expect(try await isThere())
        #expect(try await timelines.move(mark: 4) == nil)
        #expect(try await !isThere())
        // Not again for the same.
        try await timelines.ensureEmpty(user)
        #expect(try await timelines.move(mark: 4) == 5)
        #expect(try await isThere())
        _ = try await server.redis.command("SET", key("run"), "another")
        #expect(try await timelines.move(mark: 5) == nil)
        #expect(try await !isThere())
        #expect(try await timelines.move(mark: 5) == 6)
    }

    /// Flushed under a connection that is kept.
    @Test func aMarkThatIsGone() async throws {
        _ = try await timelines.move(mark: 0)
        _ = try await server.redis.command("FLUSHALL")
        try await timelines.ensureEmpty(user)
        #expect(try await timelines.move(mark: 1) == nil)
        #expect(try await !isThere())
    }

    /// One that lost everything before anybody came is no reason to drop anything.
    @Test func anEmptyRedis() async throws {
        _ = try await server.redis.command("FLUSHALL")
        try await enter()
        try await timelines.ensureEmpty(user)
        #expect(try await timelines.move(mark: 8) == 9)
        #expect(try await isThere())
    }

    /// A drop whose process has gone is finished by who comes next.
    @Test func aDropThatWasNotFinished() async throws {
        _ = try await server.redis.command("HSET", key("drop"), "run", "before", "cursor", "12345")
        try await enter()
        #expect(try await !isThere())
        #expect(try await server.redis.command("EXISTS", key("drop")) == .integer(0))
    }
}
