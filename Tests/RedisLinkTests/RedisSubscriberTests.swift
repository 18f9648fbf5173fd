import Core
import Glibc
import RedisLink
import Runtime
import Testing

@Suite struct RedisSubscriberTests {
    /// A subscriber on a loop of its own, with what it told.
    private final class Listener: Sendable {
        let loop = EventLoop(name: "listener")
        let messages = Locked<[String]>([])
        let states = Locked<[Bool]>([])
        private let subscriber = Locked<LoopBound<RedisSubscriber>?>(nil)

        init(_ server: RedisServer, pingInterval: Int = 2000) {
            loop.post { [self] in
                let made = RedisSubscriber(
                    on: loop, address: RedisAddress(endpoint: .unix(path: server.socket)), pingInterval: pingInterval,
                    onMessage: { [messages] channel, payload in
                        messages.change { $0.append(String(decoding: channel + [58] + payload, as: UTF8.self)) }
                    },
                    onState: { [states] state in states.change { $0.append(state) } })
                subscriber.set(LoopBound.holding(made, on: loop))
            }
        }

        func with(_ body: @escaping @Sendable (RedisSubscriber) -> Void) {
            loop.post { [self] in body(subscriber.get()!.value) }
        }
    }

    private func commands(_ server: RedisServer) async throws -> Redis {
        let redis = try await Redis(
            on: EventLoop(name: "commands"), address: RedisAddress(endpoint: .unix(path: server.socket)))
        try await redis.waitUntilConnected(milliseconds: 10_000)
        return redis
    }

    @Test func bringsMessages() async throws {
        let server = try RedisServer()
        let listener = Listener(server)
        listener.with { $0.subscribe(["a", "b"]) }
        #expect(await eventually { listener.states.get().last == true })
        let redis = try await commands(server)
        #expect(try await redis.command("PUBLISH", "a", "1") == .integer(1))
        #expect(try await redis.command("PUBLISH", "b", "2") == .integer(1))
        #expect(await eventually { listener.messages.get() == ["a:1", "b:2"] })
        listener.with { $0.unsubscribe(["a"]) }
        #expect(await eventually { (try? await redis.command("PUBLISH", "a", "3")) == .integer(0) })
        listener.with { $0.close() }
        #expect(await eventually { (try? await redis.command("PUBLISH", "b", "4")) == .integer(0) })
    }

    @Test func subscribesAgainAfterALoss() async throws {
        let server = try RedisServer()
        let listener = Listener(server)
        let channels = (0..<1500).map { "channel-\($0)" }
        listener.with { $0.subscribe(channels) }
        #expect(await eventually { listener.states.get().last == true })
        var redis = try await commands(server)
        _ = try await redis.command("CLIENT", "KILL", "TYPE", "pubsub")
        #expect(await eventually { listener.states.get().suffix(2) == [false, true] })
        #expect(try await redis.command("PUBLISH", "channel-1499", "x") == .integer(1))
        // The answer says that it is on its way, and a kill would end that.
        #expect(await eventually { listener.messages.get() == ["channel-1499:x"] })
        server.kill()
        #expect(await eventually { listener.states.get().last == false })
        try server.start()
        #expect(await eventually { listener.states.get().last == true })
        redis = try await commands(server)
        #expect(try await redis.command("PUBLISH", "channel-0", "y") == .integer(1))
        #expect(await eventually { listener.messages.get() == ["channel-1499:x", "channel-0:y"] })
    }

    /// A Redis that hangs keeps its sockets open: only the missing reply to a ping tells.
    @Test func aDeadLinkIsNoticed() async throws {
        let server = try RedisServer()
        let listener = Listener(server, pingInterval: 30)
        listener.with { $0.subscribe(["a"]) }
        #expect(await eventually { listener.states.get().last == true })
        server.send(SIGSTOP)
        #expect(await eventually { listener.states.get().last == false })
        server.send(SIGCONT)
        #expect(await eventually { listener.states.get().last == true })
    }
}
