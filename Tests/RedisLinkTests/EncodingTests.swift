import Core
import Testing

@testable import RedisLink

@Suite struct EncodingTests {
    @Test func commandIsRESP() {
        var writer = ByteWriter()
        writer.append(command: ["SET", .bytes([0, 255]), .number(-10), "é"])
        let before = Array("*4\r\n$3\r\nSET\r\n$2\r\n".utf8)
        #expect(writer.bytes == before + [0, 255] + Array("\r\n$3\r\n-10\r\n$2\r\né\r\n".utf8))
    }

    @Test(arguments: [Int64.min, -100, -9, 0, 9, 10, 99, 100, Int64.max])
    func numbersHaveTheirLength(_ number: Int64) {
        var writer = ByteWriter()
        writer.append(command: [.number(number)])
        #expect(writer.string == "*1\r\n$\(String(number).count)\r\n\(number)\r\n")
    }

    /// The vectors of FIPS 180-4, and lengths around a block.
    @Test func sha1() {
        #expect(SHA1.hex([]) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        #expect(SHA1.hex("abc".utf8) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        let text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
        #expect(SHA1.hex(text.utf8) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        #expect(SHA1.hex([UInt8](repeating: 97, count: 64)) == "0098ba824b5c16427bd7a1122a5a442a25ec644d")
    }

    @Test func fifoKeepsOrder() {
        var queue = FIFO<Int>()
        var next = 0
        var expected = 0
        for round in 0..<4000 {
            for _ in 0..<(round % 3 + 1) {
                queue.append(next)
                next += 1
            }
            for _ in 0..<(round % 2 + 1) {
                #expect(queue.popFirst() == (expected < next ? expected : nil))
                expected = min(expected + 1, next)
            }
        }
        #expect(queue.count == next - expected)
    }
}
