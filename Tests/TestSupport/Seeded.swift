/// SplitMix64 (Steele, Lea, Flood): the same numbers in every run with the same seed.
public struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    public init(_ seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var x = state
        x = (x ^ (x >> 30)) &* 0xbf58_476d_1ce4_e5b9
        x = (x ^ (x >> 27)) &* 0x94d0_49bb_1331_11eb
        return x ^ (x >> 31)
    }

    /// 0 to `count` - 1; 0 when there is nothing to choose from.
    public mutating func below(_ count: Int) -> Int {
        count < 2 ? 0 : Int(truncatingIfNeeded: next() % UInt64(count))
    }

    public mutating func element<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    /// Above 0, at most 1.
    public mutating func unit() -> Double { Double((next() >> 11) + 1) / Double(1 << 53) }
}
