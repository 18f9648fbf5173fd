import Core

/// Finds by the segments of a path what was put at it. A literal goes before a placeholder; where several paths are of one
/// form, each gives what it has. Nothing is allocated for a look but the places of the placeholders' values.
struct Trie<Value> {
    fileprivate struct Node {
        var literals: [(text: [UInt8], node: Int)] = []
        var words: [(words: [[UInt8]], node: Int)] = []
        var any: Int?
        var at: Int?
        var values: [Value] = []
    }

    private var nodes = [Node()]

    /// Values at one path stay in the order in which they come.
    mutating func insert(_ value: Value, at path: Path) {
        var node = 0
        for segment in path.segments { node = child(of: node, segment) }
        nodes[node].values.append(value)
    }

    private mutating func child(of parent: Int, _ segment: Path.Segment) -> Int {
        let known: Int? =
            switch segment {
            case .literal(let text): nodes[parent].literals.first { $0.text.elementsEqual(text.utf8) }?.node
            case .placeholder(let words?): nodes[parent].words.first { $0.words == words.map { Array($0.utf8) } }?.node
            case .placeholder(nil): nodes[parent].any
            case .atPlaceholder: nodes[parent].at
            }
        if let known { return known }
        let new = nodes.count
        nodes.append(Node())
        switch segment {
        case .literal(let text): nodes[parent].literals.append((Array(text.utf8), new))
        case .placeholder(let words?): nodes[parent].words.append((words.map { Array($0.utf8) }, new))
        case .placeholder(nil): nodes[parent].any = new
        case .atPlaceholder: nodes[parent].at = new
        }
        return new
    }

    /// Gives what is at a path to `take`, until that says that it has enough.
    /// - Parameter take: `places` is where in the path's bytes the values of the placeholders are.
    func look(_ path: String, _ take: (_ values: [Value], _ places: [Range<Int>]) -> Bool) {
        var path = path
        path.withUTF8 { bytes in
            // `*` of OPTIONS is no path.
            guard bytes.first == UInt8(ascii: "/") else { return }
            var places: [Range<Int>] = []
            _ = look(bytes, from: 1, at: 0, &places, take)
        }
    }

    private func look(
        _ path: UnsafeBufferPointer<UInt8>, from start: Int, at index: Int, _ places: inout [Range<Int>],
        _ take: (_ values: [Value], _ places: [Range<Int>]) -> Bool
    ) -> Bool {
        if start > path.count { return !nodes[index].values.isEmpty && take(nodes[index].values, places) }
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        let segment = UnsafeBufferPointer(rebasing: path[start..<end])
        for (text, node) in nodes[index].literals where segment.elementsEqual(text) {
            if look(path, from: end + 1, at: node, &places, take) { return true }
        }
        guard let first = segment.first else { return false }
        func go(_ node: Int, _ place: Range<Int>) -> Bool {
            places.append(place)
            defer { places.removeLast() }
            return look(path, from: end + 1, at: node, &places, take)
        }
        for (words, node) in nodes[index].words where words.contains(where: { segment.elementsEqual($0) }) {
            if go(node, start..<end) { return true }
        }
        if first == UInt8(ascii: "@") { return nodes[index].at.map { go($0, start + 1..<end) } ?? false }
        return nodes[index].any.map { go($0, start..<end) } ?? false
    }
}

extension Trie: Sendable where Value: Sendable {}
extension Trie.Node: Sendable where Value: Sendable {}
