import Core

/// Who waits for a turn: one of each address in turn, of an address one of each user in turn, of a user the first.
struct FairQueue<Element> {
    /// One of each key in turn.
    private struct Round<Key: Hashable, Line> {
        private var lines: [Key: Line] = [:]
        private var turns = FIFO<Key>()

        var isEmpty: Bool { lines.isEmpty }

        /// Changes a key's line, which begins as `empty`.
        mutating func add(_ key: Key, _ empty: @autoclosure () -> Line, _ body: (inout Line) -> Void) {
            if lines[key] == nil { turns.append(key) }
            body(&lines[key, default: empty()])
        }

        /// Takes from the line whose turn it is; `isEmpty` says when a line is done.
        mutating func take(_ body: (inout Line) -> Element?, isEmpty: (Line) -> Bool) -> Element? {
            guard let key = turns.popFirst(), let place = lines.index(forKey: key) else { return nil }
            let element = body(&lines.values[place])
            if isEmpty(lines.values[place]) { lines.remove(at: place) } else { turns.append(key) }
            return element
        }
    }

    private typealias Users = Round<ID, FIFO<Element>>
    private var addresses = Round<String, Users>()
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ element: Element, address: String, user: ID) {
        count += 1
        addresses.add(address, Users()) { users in
            users.add(user, FIFO()) { $0.append(element) }
        }
    }

    mutating func popFirst() -> Element? {
        let element = addresses.take({ users in users.take({ $0.popFirst() }, isEmpty: \.isEmpty) }, isEmpty: \.isEmpty)
        if element != nil { count -= 1 }
        return element
    }
}
