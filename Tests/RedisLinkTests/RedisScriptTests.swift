import Runtime
import Synchronization
import Testing

@testable import RedisLink

@Suite struct RedisScriptTests {
    private let echo = RedisScript("return {KEYS[1], ARGV[1]}")
    private let first = RedisScript("return redis.call('RPUSH', KEYS[1], ARGV[1]) -- first")
    private let second = RedisScript("return redis.call('RPUSH', KEYS[1], ARGV[1]) -- second")

    private func link(_ server: RedisServer) async throws -> Redis {
        var options = Redis.Options()
        options.scripts = [echo, first, second]
        let address = RedisAddress(endpoint: .unix(path: server.socket))
        let redis = try await Redis(on: EventLoop(name: "scripts"), address: address, options: options)
        try await redis.waitUntilConnected(milliseconds: 10_000)
        return redis
    }

    @Test func areKnownBeforeTheFirstCommand() async throws {
        let server = try RedisServer()
        let redis = try await link(server)
        let expected = RedisReply.array([.bulk([107]), .bulk([97])])
        for _ in 0..<2 {
            #expect(try await redis.eval(echo(keys: ["k"], ["a"])) == expected)
            #expect(try await redis.eval((0..<3).map { echo(keys: ["k"], [.number($0)]) }).count == 3)
            let onLoop = await withCheckedContinuation { continuation in
                redis.loop.post {
                    redis.evalOnLoop([echo(keys: ["k"], ["a"])]) { continuation.resume(returning: $0) }
                }
            }
            #expect(onLoop == .success([expected]))
            server.kill()
            try server.start()
            #expect(await eventually { !redis.isConnected })
            try await redis.waitUntilConnected(milliseconds: 10_000)
        }
    }

    @Test func anErrorIsThrown() async throws {
        let server = try RedisServer()
        let redis = try await link(server)
        _ = try await redis.command("SET", "k", "no list")
        await #expect(throws: RedisError.self) { try await redis.eval(first(keys: ["k"], [1])) }
    }

    @Test func whatRedisHasForgottenComesBack() async throws {
        let server = try RedisServer()
        let redis = try await link(server)
        _ = try await redis.command("SCRIPT", "FLUSH")
        do {
            _ = try await redis.eval(echo(keys: ["k"], ["a"]))
            Issue.record("Redis did not know the script")
        } catch {
            #expect(error.isTemporary)
        }
        #expect(await eventually { (try? await redis.eval(echo(keys: ["k"], ["a"]))) != nil })
    }

    /// While Redis forgets the scripts over and over, what was given first is never carried out after what was given
    /// later, and what succeeded was carried out once.
    @Test func nothingOvertakes() async throws {
        let server = try RedisServer()
        let redis = try await link(server)
        let other = try await link(server)
        let succeeded = Mutex<Set<Int64>>([])
        let open = Atomic<Int>(0)
        for round in 0..<80 {
            if round % 3 == 0 { _ = try? await other.command("SCRIPT", "FLUSH") }
            // One script is loaded again by somebody else: the other one alone is refused.
            if round % 6 == 0 { _ = try? await other.command("SCRIPT", "LOAD", .text(second.source)) }
            open.add(10, ordering: .relaxed)
            redis.loop.post {
                for step in 0..<10 {
                    let number = Int64(round * 10 + step)
                    let script = step % 2 == 0 ? first : second
                    redis.evalOnLoop([script(keys: ["list"], [.number(number)])]) { result in
                        if case .success(let replies) = result, replies[0].integer != nil {
                            succeeded.withLock { _ = $0.insert(number) }
                        }
                        open.subtract(1, ordering: .relaxed)
                    }
                }
            }
            // These come before the next flush.
            guard round % 10 == 9 || round % 10 == 1 else { continue }
            #expect(await eventually { open.load(ordering: .relaxed) == 0 })
            try await redis.waitUntilConnected(milliseconds: 10_000)
        }
        try await other.waitUntilConnected(milliseconds: 10_000)
        let list = try await other.command("LRANGE", "list", 0, -1).elements!.map { Int64($0.text!)! }
        #expect(list == list.sorted() && Set(list).count == list.count)
        #expect(succeeded.withLock { $0.isSubset(of: list) })
        #expect(succeeded.withLock { $0.count >= 20 })
    }
}
