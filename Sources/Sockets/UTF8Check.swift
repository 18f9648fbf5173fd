/// Whether bytes that come in pieces are UTF-8 (RFC 3629), known with the first byte that is wrong.
struct UTF8Check {
    /// Bytes that the character begun still needs, and what the next of them may be.
    private var missing: UInt8 = 0
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    /// No character is cut off.
    var isComplete: Bool { missing == 0 }

    /// `false` when no continuation can make it valid any more; then it must not be used again.
    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in bytes {
            if missing > 0 {
                guard byte >= lowest, byte <= highest else { return false }
                missing -= 1
                lowest = 0x80
                highest = 0xBF
            } else if byte >= 0x80 {
                guard begin(byte) else { return false }
            }
        }
        return true
    }

    /// The second byte's range leaves out what is longer than needed, surrogates, and what is above U+10FFFF.
    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF:
            missing = 2
            if byte == 0xE0 { lowest = 0xA0 }
            if byte == 0xED { highest = 0x9F }
        case 0xF0...0xF4:
            missing = 3
            if byte == 0xF0 { lowest = 0x90 }
            if byte == 0xF4 { highest = 0x8F }
        default: return false
        }
        return true
    }
}
