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
