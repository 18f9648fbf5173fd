/// Knows its place in a registry.
protocol Slotted: AnyObject {
    var slot: Int32 { get set }
}

/// Keeps objects alive, in no particular order. Adding and removing take constant time.
struct Registry<Element: Slotted> {
    private(set) var items: [Element] = []

    mutating func add(_ item: Element) {
        item.slot = Int32(items.count)
        items.append(item)
    }

    /// `false` when it was not there.
    @discardableResult
    mutating func remove(_ item: Element) -> Bool {
        let slot = Int(item.slot)
        guard slot >= 0 else { return false }
        item.slot = -1
        let last = items.removeLast()
        if last !== item {
            items[slot] = last
            last.slot = Int32(slot)
        }
        return true
    }
}
