import Core

/// The first subscriber of each log, found by the log. A subscriber knows its log, so the table holds nothing else: a
/// dictionary takes three times the memory, and longer. (Open addressing; what is removed leaves no mark.)
struct SubscriberTable {
    private var places: [Subscriber?] = Array(repeating: nil, count: 16)
    private(set) var count = 0
    /// Odd. Nobody knows which ids share a place.
    private let factor = UInt64.random(in: 0...UInt64.max) | 1

    var all: some Sequence<Subscriber> { places.lazy.compactMap(\.self) }

    subscript(key: LogKey) -> Subscriber? { places[place(of: key)] }

    /// In place of the one that its log has.
    /// - Returns: that one.
    mutating func put(_ subscriber: Subscriber) -> Subscriber? {
        let place = place(of: subscriber.key)
        let old = places[place]
        places[place] = subscriber
        guard old == nil else { return old }
        count += 1
        if count * 4 > places.count * 3 { grow() }
        return nil
    }

    mutating func remove(_ key: LogKey) {
        var gap = place(of: key)
        guard places[gap] != nil else { return }
        count -= 1
        // Those behind it that would not be found any more move up.
        var next = gap
        while true {
            places[gap] = nil
            repeat {
                next = behind(next)
                guard let subscriber = places[next] else { return }
                // From its own place on it may not meet the gap.
                let home = home(of: subscriber.key)
                if distance(home, next) >= distance(gap, next) { break }
            } while true
            places[gap] = places[next]
            gap = next
        }
    }

    private mutating func grow() {
        let all = places
        places = Array(repeating: nil, count: all.count * 2)
        for case let subscriber? in all { places[place(of: subscriber.key)] = subscriber }
    }

    /// Where the log is, or would be.
    private func place(of key: LogKey) -> Int {
        var place = home(of: key)
        while let subscriber = places[place], subscriber.key != key { place = behind(place) }
        return place
    }

    private func home(of key: LogKey) -> Int {
        let bits: UInt64
        switch key {
        case .feed(let user): bits = UInt64(bitPattern: user.raw)
        // Clients choose these.
        case .channel(let name): bits = UInt64(bitPattern: Int64(name.hashValue))
        }
        return Int(truncatingIfNeeded: (bits &* factor) >> UInt64(64 - places.count.trailingZeroBitCount))
    }

    private func behind(_ place: Int) -> Int { (place + 1) & (places.count - 1) }

    /// Steps from one place to another, onwards.
    private func distance(_ from: Int, _ to: Int) -> Int { (to - from) & (places.count - 1) }
}
