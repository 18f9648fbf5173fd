/// SplitMix64: the same inputs in every run with the same seed.
struct Seeded {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var x = state
        x = (x ^ (x >> 30)) &* 0xbf58_476d_1ce4_e5b9
        x = (x ^ (x >> 27)) &* 0x94d0_49bb_1331_11eb
        return x ^ (x >> 31)
    }

    /// 0 to `count` - 1; 0 when there is nothing to choose from.
    mutating func below(_ count: Int) -> Int {
        count < 2 ? 0 : Int(truncatingIfNeeded: next() % UInt64(count))
    }

    mutating func element<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}
