import Core
import RedisLink
import Runtime
import Synchronization

@testable import Feed

/// The test itself can't go on: nothing that a walk has found.
struct TimelinesTestBroken: Error, CustomStringConvertible {
    let description: String
}

/// The channels of realtime nodes as they arrive over a subscription, kept until they are taken.
final class TimelinesInbox: Sendable {
    private struct State {
        var messages: [String: [NodeMessage]] = [:]
        var unreadable = 0
        var passed = 0
        var wasLost = false
    }

    private let redis: Redis
    /// Lives as long as this.
    private let server: TimelinesServer?
    private let loop = EventLoop(name: "inbox")
    private let state = Mutex(State())
    private let link = Mutex<LoopBound<(RedisSubscriber, LoopTimer)>?>(nil)
    private let barriers = Atomic<Int>(0)
    private let arrival = Wakeup()
    private let barrierChannel = "barrier"

    convenience init(_ server: TimelinesServer) async throws {
        try await self.init(server.redis, at: server.address, of: server)
    }

    init(_ redis: Redis, at address: RedisAddress, of server: TimelinesServer? = nil) async throws {
        (self.redis, self.server) = (redis, server)
        loop.post { [self] in
            let subscriber = RedisSubscriber(
                on: loop, address: address, onMessage: { [weak self] in self?.receive($0, $1) },
                onState: { [weak self] in self?.changed($0) })
            // So that a barrier that never comes is noticed.
            let clock = LoopTimer(on: loop, after: 100, repeating: 100) { [weak self] in self?.arrival.signal() }
            let bound = LoopBound.holding((subscriber, clock), on: loop)
            link.withLock { $0 = bound }
        }
        try await open([barrierChannel])
    }

    func close() {
        loop.post { [self] in
            let bound = link.withLock { $0.take() }
            bound?.value.0.close()
            bound?.value.1.cancel()
        }
    }

    func open(_ channels: [String]) async throws {
        with { $0.subscribe(channels) }
        try await subscribers(of: channels, become: 1)
    }

    private func with(_ body: @escaping @Sendable (RedisSubscriber) -> Void) {
        loop.post { [self] in
            if let bound = link.withLock({ $0 }) { body(bound.value.0) }
        }
    }

    /// From now on nobody listens on them.
    func shut(_ channels: [String]) async throws {
        with { $0.unsubscribe(channels) }
        try await subscribers(of: channels, become: 0)
    }

    private func subscribers(of channels: [String], become wanted: Int64) async throws {
        let deadline = monotonicNanoseconds() + 10_000_000_000
        while true {
            guard monotonicNanoseconds() < deadline else {
                throw TimelinesTestBroken(description: "\(channels) have not \(wanted) subscribers")
            }
            var counts: [Int64] = []
            let commands = channels.map { ["PUBSUB", "NUMSUB", .text($0)] as [RedisArgument] }
            for reply in try await redis.pipeline(commands) {
                counts.append(reply.elements?.last?.integer ?? -1)
            }
            if counts.allSatisfy({ $0 == wanted }) { return }
            await Task.yield()
        }
    }

    /// Waits until everything that was published so far has arrived: a subscription is a queue.
    func sync() async throws {
        let number = barriers.add(1, ordering: .relaxed).newValue
        let deadline = monotonicNanoseconds() + 10_000_000_000
        guard try await redis.command("PUBLISH", .text(barrierChannel), .number(Int64(number))) == .integer(1)
        else {
            throw TimelinesTestBroken(description: "the inbox has lost its subscription")
        }
        while state.withLock({ $0.passed }) < number {
            if state.withLock({ $0.wasLost }) { throw TimelinesTestBroken(description: "the inbox has lost its link") }
            guard monotonicNanoseconds() < deadline else {
                throw TimelinesTestBroken(description: "a barrier was lost")
            }
            await arrival.wait()
        }
    }

    func take(_ channel: String) -> [NodeMessage] {
        state.withLock { $0.messages.removeValue(forKey: channel) ?? [] }
    }

    private func changed(_ isSubscribed: Bool) {
        if !isSubscribed { state.withLock { $0.wasLost = true } }
    }

    private func receive(_ channel: [UInt8], _ payload: [UInt8]) {
        let name = String(decoding: channel, as: UTF8.self)
        state.withLock { state in
            if name == barrierChannel {
                state.passed = Int(String(decoding: payload, as: UTF8.self)) ?? 0
            } else if let message = NodeMessage(payload), message.bytes == payload {
                state.messages[name, default: []].append(message)
            } else {
                // What the scripts write must be what the parser reads, to the last byte.
                state.unreadable += 1
            }
        }
        if name == barrierChannel { arrival.signal() }
    }

    var unreadable: Int { state.withLock { $0.unreadable } }
}
