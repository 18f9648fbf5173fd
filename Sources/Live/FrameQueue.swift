/// Frames that wait for one connection, in order. One frame, the usual case, takes no memory of its own, and none neither.
struct FrameQueue {
    private var first: SharedFrame?
    /// Those behind it.
    private var rest: [SharedFrame] = []

    var count: Int { first == nil ? 0 : 1 + rest.count }

    subscript(index: Int) -> SharedFrame { index == 0 ? first! : rest[index - 1] }

    mutating func append(_ frame: SharedFrame) {
        guard first != nil else {
            first = frame
            return
        }
        if rest.isEmpty { rest.reserveCapacity(8) }
        rest.append(frame)
    }

    mutating func removeFirst(_ count: Int) {
        guard count > 0 else { return }
        if count > rest.count {
            removeAll()
        } else {
            first = rest[count - 1]
            rest.removeFirst(count)
        }
    }

    mutating func remove(at index: Int) {
        if index == 0 { removeFirst(1) } else { rest.remove(at: index - 1) }
    }

    mutating func removeAll() {
        first = nil
        if !rest.isEmpty { rest = [] }
    }
}
