import Core
import Glibc
import Runtime
import Testing

@testable import RedisLink

@Suite struct RedisTests {
    private func link(
        _ server: RedisServer, _ change: (inout Redis.Options) -> Void = { _ in }
    ) async throws -> Redis {
        var options = Redis.Options()
        change(&options)
        let address = RedisAddress(endpoint: .unix(path: server.socket))
        let redis = try await Redis(on: EventLoop(name: "redis-test"), address: address, options: options)
        try await redis.waitUntilConnected(milliseconds: 10_000)
        return redis
    }

    @Test func repliesOfEachKind() async throws {
        let server = try RedisServer()
        let redis = try await link(server)
        #expect(try await redis.command("SET", "k", .bytes([0, 13, 10, 255])) == .status("OK"))
        #expect(try await redis.command("GET", "k") == .bulk([0, 13, 10, 255]))
        #expect(try await redis.command("GET", "none") == .null)
        #expect(try await redis.command("INCRBY", "n", 41) == .integer(41))
        #expect(try await redis.command("MGET", "n", "none") == .array([.bulk(Array("41".utf8)), .null]))
        await #expect(throws: RedisError.self) { try await redis.command("NONSENSE") }
        let replies = try await redis.pipeline([["PING"], ["NONSENSE"], ["ECHO", "x"]])
        #expect(replies[0] == .status("PONG") && replies[2].text == "x")
        let large = [UInt8](repeating: 7, count: 5_000_000)
        #expect(try await redis.command("SET", "large", .bytes(large)) == .status("OK"))
        #expect(try await redis.command("GET", "large") == .bulk(large))
        await redis.close()
        await #expect(throws: RedisError.notConnected) { try await redis.command("PING") }
    }

    @Test func manyCallersShareTheConnection() async throws {
        let server = try RedisServer()
        let redis = try await link(server)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<50 {
                group.addTask {
                    for number in 0..<40 {
                        let text = "\(caller)-\(number)"
                        let reply = try await redis.command("ECHO", .text(text))
                        #expect(reply.text == text)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func refusedConnectFailsAtOnceAndHealsLater() async throws {
        let server = try RedisServer(started: false)
        let redis = try await Redis(
            on: EventLoop(name: "refused"), address: RedisAddress(endpoint: .unix(path: server.socket)))
        await #expect(throws: RedisError.notConnected) { try await redis.command("PING") }
        let refused = try await Redis(
            on: EventLoop(name: "refused-tcp"), address: RedisAddress("redis://localhost:1"))
        await #expect(throws: RedisError.connectionLost("Connection refused")) {
            try await refused.waitUntilConnected(milliseconds: 2000)
        }
        try server.start()
        try await redis.waitUntilConnected(milliseconds: 10_000)
        #expect(try await redis.command("PING") == .status("PONG"))
    }

    @Test func aKilledRedisIsFoundAgain() async throws {
        let server = try RedisServer()
        let connects = Locked(0)
        let redis = try await Redis(
            on: EventLoop(name: "killed"), address: RedisAddress(endpoint: .unix(path: server.socket)),
            onConnect: { _ in connects.change { $0 += 1 } })
        try await redis.waitUntilConnected(milliseconds: 10_000)
        let observer = try await link(server)
        async let blocked = redis.command("BLPOP", "nothing", 0)
        #expect(
            await eventually {
                (try? await observer.command("INFO", "clients"))?.text?.contains("blocked_clients:1") == true
            })
        server.kill()
        do {
            _ = try await blocked
            Issue.record("the command had no reply")
        } catch let error as RedisError {
            #expect(error.isTemporary)
        }
        #expect(await eventually { !redis.isConnected })
        try server.start()
        try await redis.waitUntilConnected(milliseconds: 10_000)
        #expect(try await redis.command("PING") == .status("PONG"))
        #expect(connects.get() == 2)
    }

    @Test func aLateReplyDropsTheConnection() async throws {
        let server = try RedisServer()
        let redis = try await link(server) { $0.commandTimeout = 100 }
        let start = monotonicNanoseconds()
        await #expect(throws: RedisError.timedOut) { try await redis.command("DEBUG", "SLEEP", "0.6") }
        #expect(monotonicNanoseconds() - start < 500_000_000)
        #expect(await eventually { (try? await redis.command("ECHO", "a"))?.text == "a" })
    }

    @Test func tooMuchUnderWayIsRefused() async throws {
        let server = try RedisServer()
        let redis = try await link(server) {
            $0.maxCommands = 2
            $0.maxBytes = 1000
        }
        await #expect(throws: RedisError.overloaded) {
            try await redis.pipeline([["PING"], ["PING"], ["PING"]])
        }
        await #expect(throws: RedisError.overloaded) {
            try await redis.command("ECHO", .bytes([UInt8](repeating: 0, count: 1000)))
        }
        #expect(try await redis.pipeline([["PING"], ["PING"]]).count == 2)
    }

    @Test func transactions() async throws {
        let server = try RedisServer()
        let redis = try await link(server)
        #expect(try await redis.transaction([["SET", "a", 1], ["INCR", "a"]]) == [.status("OK"), .integer(2)])
        await #expect(throws: RedisError.self) { try await redis.transaction([["SET", "a", 9], ["NONSENSE"]]) }
        #expect(try await redis.command("GET", "a").integer == 2)
    }

    @Test func logsInOverTCP() async throws {
        let port = Int.random(in: 20_000..<30_000)
        let server = try RedisServer(["--port", "\(port)", "--requirepass", "pa ss"])
        let redis = try await Redis(
            on: EventLoop(name: "tcp"), address: RedisAddress("redis://default:pa%20ss@localhost:\(port)/5"))
        try await redis.waitUntilConnected(milliseconds: 10_000)
        #expect(try await redis.command("CLIENT", "INFO").text?.contains(" db=5 ") == true)
        let stranger = try await Redis(
            on: EventLoop(name: "stranger"), address: RedisAddress("redis://:wrong@127.0.0.1:\(port)"))
        // Its own reason, at once: waiting makes no password right.
        let failure = await #expect(throws: RedisError.self) {
            try await stranger.waitUntilConnected(milliseconds: 60_000)
        }
        #expect(failure?.description.contains("WRONGPASS") == true)
        withExtendedLifetime(server) {}
    }
}
