import Testing

@testable import Deflate

@Suite struct DeflateTests {
    private let deflater = Deflater()
    private let inflater = Inflater()

    private static let pieces: [[UInt8]] = [
        [], [0], Array("Hello".utf8), Array(String(repeating: "the same again, ", count: 4000).utf8),
        (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) },
    ]

    @Test(arguments: pieces) func backAndForth(_ piece: [UInt8]) throws {
        let deflated = deflater.compress(piece)
        #expect(try inflater.inflate(deflated, atMost: piece.count) == piece)
        // Nothing is left of the one before.
        #expect(deflater.compress(piece) == deflated)
    }

    /// RFC 7692, section 7.2.3.
    @Test(
        arguments: [
            [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        ] as [[UInt8]])
    func theExamplesOfTheStandard(_ deflated: [UInt8]) throws {
        #expect(try inflater.inflate(deflated, atMost: 5) == Array("Hello".utf8))
    }

    /// What is one connection's goes before what all share.
    @Test(arguments: [1, 60, 65_535]) func storedBlocksGoBeforeIt(_ count: Int) throws {
        let (own, shared) = ([UInt8](repeating: 7, count: count), Self.pieces[3])
        let message = Deflater.storedHeader(count) + own + deflater.compress(shared)
        #expect(try inflater.inflate(message, atMost: count + shared.count) == own + shared)
    }

    @Test func noMoreIsMadeThanMay() throws {
        let bomb = deflater.compress([UInt8](repeating: 0, count: 50 << 20))
        #expect(bomb.count < 100_000)
        for most in [0, 1, 4096, 24_576, 1 << 20] {
            #expect(throws: Inflater.Failure.tooLong) { try inflater.inflate(bomb, atMost: most) }
        }
        let piece = Self.pieces[3]
        #expect(throws: Inflater.Failure.tooLong) {
            try inflater.inflate(deflater.compress(piece), atMost: piece.count - 1)
        }
    }

    /// Every cut of a message, and every message with a bit turned, is a message or fails; and the next one is read as ever.
    @Test func damage() throws {
        let whole = Array("a message that is a little longer, a little longer than that".utf8)
        let deflated = deflater.compress(whole)
        for end in deflated.indices.dropFirst() {
            #expect(throws: Inflater.Failure.invalid) { try inflater.inflate(Array(deflated[..<end]), atMost: 1000) }
        }
        for bit in 0..<(deflated.count * 8) {
            var other = deflated
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            if let text = try? inflater.inflate(other, atMost: 1000) { #expect(text.count <= 1000) }
        }
        #expect(try inflater.inflate(deflated, atMost: whole.count) == whole)
    }
}
