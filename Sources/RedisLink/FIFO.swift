/// First in, first out, in amortised constant time.
struct FIFO<Element> {
    private var items: [Element?] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }

    var first: Element? { isEmpty ? nil : items[head] }

    /// Changes the first element in its place; `nil` where there is none.
    mutating func withFirst<T>(_ body: (inout Element) -> T) -> T? {
        isEmpty ? nil : body(&items[head]!)
    }

    mutating func append(_ element: Element) {
        items.append(element)
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = items[head]
        items[head] = nil
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: head <= 1024)
            head = 0
        } else if head >= 1024 && head * 2 >= items.count {
            items.removeFirst(head)
            head = 0
        }
        return element
    }
}
