import Synchronization
import Testing

@testable import Runtime

@Suite struct EventLoopTests {
    @Test func jobsRunInOrderOnTheLoop() async throws {
        let loop = EventLoop(name: "order")
        let seen = Mutex<[Int]>([])
        for number in 0..<1000 { loop.post { seen.withLock { $0.append(number) } } }
        #expect(try await loop.run { loop.isCurrent })
        #expect(seen.withLock { $0 } == Array(0..<1000))
        loop.stop()
    }

    @Test func runAfterStopThrows() async throws {
        let loop = EventLoop(name: "stopped")
        loop.stop()
        await #expect(throws: EventLoop.Stopped.self) { try await loop.run { 1 } }
        loop.stop()
    }

    /// Whoever waits while the loop is being stopped has an answer, whatever it is.
    @Test func nobodyWaitsForALoopThatStops() async {
        for _ in 0..<50 {
            let loop = EventLoop(name: "stopping")
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { _ = try? await loop.run { 1 } }
                }
                loop.stop()
                await group.waitForAll()
            }
        }
    }

    @Test func droppedJobsAreTold() async {
        let loop = EventLoop(name: "dropped")
        let bound = LoopBound(on: loop) { 1 }
        loop.stop()
        let dropped = Atomic<Int>(0)
        loop.post({}, orElse: { dropped.add(1, ordering: .relaxed) })
        bound.run({ _ in }, orElse: { dropped.add(1, ordering: .relaxed) })
        #expect(dropped.load(ordering: .relaxed) == 2)
    }

    @Test func anotherThreadTraps() async {
        await #expect(processExitsWith: .failure) { EventLoop(name: "mine").assertCurrent() }
        await #expect(processExitsWith: .failure) { _ = LoopBound(on: EventLoop(name: "mine")) { 1 }.value }
    }
}
