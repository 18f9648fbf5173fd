/// First in, first out, in amortised constant time.
public struct FIFO<Element> {
    @usableFromInline var items: [Element?] = []
    @usableFromInline var head = 0

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { head == items.count }
    @inlinable public var count: Int { items.count - head }

    @inlinable public var first: Element? { isEmpty ? nil : items[head] }

    /// Changes the first element in its place; `nil` where there is none.
    @inlinable
    public mutating func withFirst<T>(_ body: (inout Element) -> T) -> T? {
        isEmpty ? nil : body(&items[head]!)
    }

    @inlinable
    public mutating func append(_ element: Element) {
        items.append(element)
    }

    @inlinable
    public mutating func popFirst() -> Element? {
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
