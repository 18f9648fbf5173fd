/// SipHash-2-4 with 64 bits of result (Aumasson and Bernstein 2012): a keyed check that costs tens of nanoseconds.
public struct SipHash: Sendable {
    private let k0: UInt64
    private let k1: UInt64

    /// - Parameter key: at least 16 bytes; the first 16 count.
    public init(key: [UInt8]) {
        precondition(key.count >= 16, "a SipHash key has 16 bytes")
        k0 = Self.littleEndian(key, at: 0, count: 8)
        k1 = Self.littleEndian(key, at: 8, count: 8)
    }

    public func hash(_ bytes: [UInt8]) -> UInt64 {
        var v0 = k0 ^ 0x736f_6d65_7073_6575
        var v1 = k1 ^ 0x646f_7261_6e64_6f6d
        var v2 = k0 ^ 0x6c79_6765_6e65_7261
        var v3 = k1 ^ 0x7465_6462_7974_6573
        func round() {
            v0 = v0 &+ v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 = v2 &+ v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 = v0 &+ v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 = v2 &+ v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }
        func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }
        let whole = bytes.count / 8 * 8
        for start in stride(from: 0, to: whole, by: 8) {
            absorb(Self.littleEndian(bytes, at: start, count: 8))
        }
        let tail = Self.littleEndian(bytes, at: whole, count: bytes.count - whole)
        absorb(tail | UInt64(bytes.count & 255) << 56)
        v2 ^= 255
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    private static func littleEndian(_ bytes: [UInt8], at start: Int, count: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[start + index]) << UInt64(index * 8) }
        return value
    }
}
