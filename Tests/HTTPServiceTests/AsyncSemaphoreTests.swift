import Synchronization
import Testing

@testable import HTTPService

@Suite struct AsyncSemaphoreTests {
    private struct Refused: Error {}

    @Test func letsSoManyInAndForgetsNobody() async {
        let semaphore = AsyncSemaphore(3, name: "test_turns")
        let inside = Counter()
        let done = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<500 {
                group.addTask {
                    do {
                        try await semaphore.run {
                            inside.add(1)
                            defer { inside.add(-1) }
                            await Task.yield()
                            if number % 7 == 0 { throw Refused() }
                        }
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(done == 500 - 72)
        #expect(inside.now == 0)
        #expect(inside.most == 3)
    }

    private final class Counter: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var now: Int { state.withLock { $0.now } }
        var most: Int { state.withLock { $0.most } }

        func add(_ count: Int) {
            state.withLock { $0 = ($0.now + count, max($0.most, $0.now + count)) }
        }
    }
}
