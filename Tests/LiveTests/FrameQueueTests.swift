import Testing

@testable import Live

@Suite struct FrameQueueTests {
    private func queue(_ positions: ClosedRange<Int64>) -> FrameQueue {
        var queue = FrameQueue()
        for position in positions { queue.append(SharedFrame(silentAt: position)) }
        return queue
    }

    private func positions(_ queue: FrameQueue) -> [Int64] { (0..<queue.count).map { queue[$0].position } }

    @Test(arguments: 0...5) func takesOutTheFirst(_ count: Int) {
        var queue = queue(1...5)
        queue.removeFirst(count)
        #expect(positions(queue) == Array(1...5).dropFirst(count).map { Int64($0) })
        queue.append(SharedFrame(silentAt: 9))
        #expect(positions(queue).last == 9 && queue.count == 6 - count)
    }

    @Test(arguments: 0...2) func takesOutOne(_ index: Int) {
        var queue = queue(1...3)
        queue.remove(at: index)
        #expect(positions(queue) == [1, 2, 3].enumerated().filter { $0.offset != index }.map { Int64($0.element) })
    }
}
