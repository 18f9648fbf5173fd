import Testing

@testable import Consumers

struct ParkedIndexTests {
    private func entry(_ offset: Int64, due: Int64 = 0) -> ParkedIndex.Entry {
        ParkedIndex.Entry(offset: offset, dueAt: due, attempts: 1)
    }

    @Test func oneOfAKeyIsDueAtATime() {
        var index = ParkedIndex()
        index.put(entry(7, due: 10), key: "a")
        index.put(entry(3, due: 50), key: "a")
        index.put(entry(5, due: 20), key: "b")
        #expect(index.count == 3 && index.contains("a") && !index.contains("c"))
        #expect(index.next == 20, "7 waits behind 3, whenever it is due")
        #expect(index.due(now: 19, limit: 9) == [])
        #expect(index.due(now: 50, limit: 9) == [5, 3])
        #expect(index.due(now: 50, limit: 1) == [5])
        index.remove(3, key: "a")
        #expect(index.due(now: 50, limit: 9) == [7, 5])
        index.put(entry(7, due: 99), key: "a")
        #expect(index.count == 2 && index.next == 20)
        for (offset, key) in [(5, "b"), (7, "a"), (7, "a"), (1, "c")] { index.remove(Int64(offset), key: key) }
        #expect(index.count == 0 && index.next == nil && !index.contains("a"))
    }
}
