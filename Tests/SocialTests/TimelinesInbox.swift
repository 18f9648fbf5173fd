import Core
import RedisLink
import Runtime
import Synchronization
import Wire

@testable import Social

/// The channels of realtime nodes as they arrive over a subscription, kept until they are taken.
final class TimelinesInbox: Sendable {
    private struct State {
        var messages: [String: [NodeMessage]] = [:]
        var unreadable = 0
        var barrier: (Int, CheckedContinuation<Void, Never>)?
    }

    private let server: TimelinesServer
    private let loop = EventLoop(name: "inbox")
    private let state = Mutex(State())
    private let link = Mutex<LoopBound<RedisSubscriber>?>(nil)
    private let barriers = Atomic<Int>(0)
    private let barrierChannel = "barrier"

    init(_ server: TimelinesServer) async throws {
        self.server = server
        let address = server.address
        loop.post { [self] in
            let subscriber = RedisSubscriber(
                on: loop, address: address, onMessage: { [weak self] in self?.receive($0, $1) }, onState: { _ in })
            let bound = LoopBound.holding(subscriber, on: loop)
            link.withLock { $0 = bound }
        }
        try await open([barrierChannel])
    }

    func close() {
        with { $0.close() }
    }

    func open(_ channels: [String]) async throws {
        with { $0.subscribe(channels) }
        try await subscribers(of: channels, become: 1)
    }

    private func with(_ body: @escaping @Sendable (RedisSubscriber) -> Void) {
        loop.post { [self] in
            if let bound = link.withLock({ $0 }) { body(bound.value) }
        }
    }

    /// From now on nobody listens on them.
    func shut(_ channels: [String]) async throws {
        with { $0.unsubscribe(channels) }
        try await subscribers(of: channels, become: 0)
    }

    private func subscribers(of channels: [String], become wanted: Int64) async throws {
        while true {
            var counts: [Int64] = []
            let commands = channels.map { ["PUBSUB", "NUMSUB", .text($0)] as [RedisArgument] }
            for reply in try await server.redis.pipeline(commands) {
                counts.append(reply.elements?.last?.integer ?? -1)
            }
            if counts.allSatisfy({ $0 == wanted }) { return }
            await Task.yield()
        }
    }

    /// Waits until everything that was published so far has arrived: a subscription is a queue.
    func sync() async throws {
        let number = barriers.add(1, ordering: .relaxed).newValue
        await withCheckedContinuation { continuation in
            state.withLock { $0.barrier = (number, continuation) }
            Task { [self] in _ = try await server.redis.command("PUBLISH", .text(barrierChannel), .text("\(number)")) }
        }
    }

    func take(_ channel: String) -> [NodeMessage] {
        state.withLock { $0.messages.removeValue(forKey: channel) ?? [] }
    }

    private func receive(_ channel: [UInt8], _ payload: [UInt8]) {
        let name = String(decoding: channel, as: UTF8.self)
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if name == barrierChannel {
                guard let (number, continuation) = state.barrier,
                    String(decoding: payload, as: UTF8.self) == "\(number)"
                else { return nil }
                state.barrier = nil
                return continuation
            }
            // What the scripts write must be what the parser reads, to the last byte.
            guard let message = NodeMessage(payload), message.bytes == payload else {
                state.unreadable += 1
                return nil
            }
            state.messages[name, default: []].append(message)
            return nil
        }
        waiting?.resume()
    }

    var unreadable: Int { state.withLock { $0.unreadable } }
}
