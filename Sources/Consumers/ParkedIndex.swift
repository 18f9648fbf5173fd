/// Which records of one partition are parked, and when each is due. A value without I/O; times are milliseconds since 1970.
struct ParkedIndex {
    struct Entry: Equatable {
        let offset: Int64
        var dueAt: Int64
        /// How often it was tried.
        var attempts: Int
    }

    /// By key, in the order of the log.
    private var entries: [String: [Entry]] = [:]
    private(set) var count = 0

    func contains(_ key: String) -> Bool { entries[key] != nil }

    /// The one that the others of its key wait for.
    func head(of key: String) -> Entry? { entries[key]?.first }

    func entry(_ offset: Int64, of key: String) -> Entry? { entries[key]?.first { $0.offset == offset } }

    /// In place of what it was, if it was there.
    mutating func put(_ entry: Entry, key: String) {
        var list = entries[key] ?? []
        if let place = list.firstIndex(where: { $0.offset >= entry.offset }) {
            if list[place].offset == entry.offset {
                list[place] = entry
                count -= 1
            } else {
                list.insert(entry, at: place)
            }
        } else {
            list.append(entry)
        }
        count += 1
        entries[key] = list
    }

    mutating func remove(_ offset: Int64, key: String) {
        guard var list = entries[key], let place = list.firstIndex(where: { $0.offset == offset }) else { return }
        list.remove(at: place)
        count -= 1
        entries[key] = list.isEmpty ? nil : list
    }

    /// Offsets of those that are due, the longest due first, one of a key.
    func due(now: Int64, limit: Int) -> [Int64] {
        let heads = entries.values.compactMap(\.first).filter { $0.dueAt <= now }
        return heads.sorted { ($0.dueAt, $0.offset) < ($1.dueAt, $1.offset) }.prefix(limit).map(\.offset)
    }

    /// When the next one is due.
    var next: Int64? { entries.values.compactMap { $0.first?.dueAt }.min() }
}
