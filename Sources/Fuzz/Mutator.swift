import TestSupport

/// Makes inputs of seeds: flipped bits, words of the format, numbers and lengths at their edges, splices of two seeds,
/// now and then something long.
struct Mutator {
    private let seeds: [[UInt8]]
    private let words: [[UInt8]]
    private static let longest = 1 << 16

    /// Numbers in text where sign, width or exactness change.
    private static let numbers: [[UInt8]] = [
        "0", "-0", "-1", "1", "00", "+1", "01", "127", "128", "255", "256", "32768", "65535", "65536", "1023", "1024",
        "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740991", "9007199254740992",
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616",
        "340282366920938463463374607431768211456", "1e308", "1e309", "1e-400", "0.1", "ffffffff",
    ].map { Array($0.utf8) }

    /// Numbers as big-endian bytes.
    private static let edges: [UInt64] = [
        0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
        (1 << 53) - 1, 1 << 53, 1 << 55, .max >> 1, .max,
    ]

    /// What texts stumble over: ends of lines, marks that join, letters equal to others, UTF-8 that is none.
    private static let characters: [[UInt8]] = [
        [0], [10], [13], [13, 10], [9], [32], [127], [0xC2, 0x85], [0xCC, 0x81], [0xE2, 0x80, 0xA8],
        [0xE2, 0x80, 0xAE], [0xE2, 0x84, 0xAA], [0xEF, 0xBB, 0xBF], [0xEF, 0xBF, 0xBE], [0xED, 0xA0, 0x80],
        [0xC0, 0xAF], [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x9F, 0x98, 0x80], [0xE2, 0x80, 0x8D], [0xFF], [0x80],
        [0xC3], [0xC3, 0xA9], [0xEF, 0xBC, 0x91],
    ]

    /// What costs more the more there is of it: two marks in the wrong order, things that nest, empty elements.
    private static let heavy: [[UInt8]] = [
        [0xCC, 0x81, 0xCC, 0xA3], [0xCC, 0x81], Array("[".utf8), Array("{\"a\":".utf8), [44], [10], [27], [37, 50, 53],
    ]

    init(seeds: [[UInt8]], words: [[UInt8]]) {
        self.seeds = seeds
        self.words = words.isEmpty ? Self.characters : words
    }

    func input(_ random: inout Seeded) -> [UInt8] {
        var bytes = random.element(seeds)
        // Few changes leave most of the input good, many reach far: 1 to 8, small numbers much more often.
        for _ in 0...min(random.below(8), random.below(8), random.below(8)) { mutate(&bytes, &random) }
        if random.below(1000) == 0 { lengthen(&bytes, &random) }
        if bytes.count > Self.longest { bytes.removeLast(bytes.count - Self.longest) }
        return bytes
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout Seeded) {
        let at = random.below(bytes.count + 1)
        let count = min(bytes.count - at, 1 + random.below(random.below(4) == 0 ? 40 : 6))
        switch random.below(15) {
        case 0, 1: flip(&bytes, at, &random)
        case 2 where at < bytes.count: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 3: bytes.removeSubrange(at..<at + count)
        case 4, 5: bytes.insert(contentsOf: random.element(words), at: at)
        case 6: bytes.replaceSubrange(at..<at + count, with: random.element(words))
        case 7: bytes.insert(contentsOf: random.element(Self.characters), at: at)
        case 8: bytes.insert(contentsOf: Array(bytes[at..<at + count]), at: random.below(bytes.count + 1))
        case 9: splice(&bytes, at, &random)
        case 10, 11: replaceNumber(&bytes, at, &random)
        case 12: setLength(&bytes, at, &random)
        case 13: bytes.removeLast(bytes.count - at)
        default: bytes += random.element(seeds)
        }
    }

    private func flip(_ bytes: inout [UInt8], _ at: Int, _ random: inout Seeded) {
        guard at < bytes.count else { return }
        bytes[at] ^= 1 << UInt8(random.below(8))
    }

    /// The start of this input and the end of another seed.
    private func splice(_ bytes: inout [UInt8], _ at: Int, _ random: inout Seeded) {
        let other = random.element(seeds)
        bytes.replaceSubrange(at..., with: other[random.below(other.count + 1)...])
    }

    /// The digits at or behind a place become another number.
    private func replaceNumber(_ bytes: inout [UInt8], _ at: Int, _ random: inout Seeded) {
        func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
        guard let start = bytes[at...].firstIndex(where: isDigit) ?? bytes.firstIndex(where: isDigit) else {
            return bytes.insert(contentsOf: random.element(Self.numbers), at: at)
        }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.endIndex
        bytes.replaceSubrange(start..<end, with: random.element(Self.numbers))
    }

    /// A big-endian number at a place becomes an edge, or one more or less.
    private func setLength(_ bytes: inout [UInt8], _ at: Int, _ random: inout Seeded) {
        let width = random.element([1, 2, 4, 7, 8])
        guard at + width <= bytes.count else { return }
        var value = bytes[at..<at + width].reduce(0) { $0 << 8 | UInt64($1) }
        switch random.below(3) {
        case 0: value &+= 1
        case 1: value &-= 1
        default: value = random.element(Self.edges)
        }
        for index in (0..<width).reversed() {
            bytes[at + index] = UInt8(truncatingIfNeeded: value)
            value >>= 8
        }
    }

    /// What takes more than linear time shows it here: a piece of the input many times over.
    private func lengthen(_ bytes: inout [UInt8], _ random: inout Seeded) {
        let at = random.below(bytes.count + 1)
        var piece = Array(bytes[at...].prefix(1 + random.below(16)))
        if piece.isEmpty || random.below(3) == 0 { piece = random.element(words) }
        if random.below(2) == 0 { piece = random.element(Self.heavy) }
        // Short ones more often: all sizes from 64 bytes to 64 KiB are tried alike.
        let times = 1 + random.below((64 << random.below(11)) / piece.count)
        bytes.insert(contentsOf: Array(repeatElement(piece, count: times).joined()), at: at)
    }
}
