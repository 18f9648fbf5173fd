import Core
import Testing

@testable import Realtime

@Suite struct FairnessTests {
    /// Who comes first from an address of its own does not wait for the crowd behind another.
    @Test func oneOfEachAddressInTurn() {
        var queue = FairQueue<String>()
        for number in 1...3 {
            queue.append("a1.\(number)", address: "a", user: ID(raw: 1))
            queue.append("a2.\(number)", address: "a", user: ID(raw: 2))
        }
        queue.append("b3.1", address: "b", user: ID(raw: 3))
        // One user, from two addresses.
        queue.append("c1.1", address: "c", user: ID(raw: 1))
        var order: [String] = []
        while let next = queue.popFirst() { order.append(next) }
        #expect(order == ["a1.1", "b3.1", "c1.1", "a2.1", "a1.2", "a2.2", "a1.3", "a2.3"])
        #expect(queue.isEmpty)
        queue.append("again", address: "a", user: ID(raw: 1))
        #expect(queue.count == 1 && queue.popFirst() == "again" && queue.popFirst() == nil)
    }

    private static let second: UInt64 = 1_000_000_000

    @Test func aFewMessagesBeforeConnect() {
        var allowance = MessageAllowance(isOn: false)
        // Whatever the time: there is no more of them.
        for number in 0..<4 {
            let isTaken = allowance.take(messages: 30, bytes: 4096, now: UInt64(number) * 100 * Self.second)
            #expect(isTaken)
        }
        let isTaken = allowance.take(messages: 1, bytes: 1, now: 1000 * Self.second)
        #expect(!isTaken)
    }

    @Test(arguments: [(messages: 1, bytes: 10, burst: 200, inFive: 50), (1, 8192, 8, 5), (50, 10, 4, 1)])
    func soManyASecondBehindIt(_ one: (messages: Int, bytes: Int, burst: Int, inFive: Int)) {
        var allowance = MessageAllowance(isOn: true)
        allowance.connected(now: Self.second)
        var now = Self.second
        func taken(_ wanted: Int) -> Int {
            (0..<wanted).prefix { _ in allowance.take(messages: one.messages, bytes: one.bytes, now: now) }.count
        }
        #expect(taken(one.burst) == one.burst)
        now += 5 * Self.second
        #expect(taken(one.inFive) == one.inFive)
        #expect(taken(1) == 0)
        now += 1000 * Self.second
        #expect(taken(1000) == one.burst)
    }
}
