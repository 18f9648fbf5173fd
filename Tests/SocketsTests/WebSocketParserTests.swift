import Testing

@testable import Sockets

@Suite struct WebSocketParserTests {
    typealias Output = WebSocketParser.Output

    /// What comes out of the bytes, given in pieces of a size.
    private func outputs(_ bytes: [UInt8], pieces: Int = .max, limit: Int = 1000) -> [Output] {
        var parser = WebSocketParser(maxMessage: limit)
        var outputs: [Output] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            Array(rest.prefix(pieces)).withUnsafeBytes { parser.append($0) }
            rest = rest.dropFirst(pieces)
            var output = parser.next()
            while output != .needsMore {
                outputs.append(output)
                output = parser.next()
            }
        }
        return outputs
    }

    private func frame(_ opcode: UInt8, _ text: String, isFinal: Bool = true) -> [UInt8] {
        TestClient.frame(opcode, Array(text.utf8), isFinal: isFinal)
    }

    /// However the bytes are cut.
    @Test(arguments: 1...40) func piecesDoNotMatter(size: Int) {
        let bytes =
            frame(1, "grüße ", isFinal: false) + frame(9, "ping") + frame(0, "", isFinal: false) + frame(10, "pong")
            + frame(0, "🐢") + frame(2, String(repeating: "x", count: 300)) + frame(1, "")
            + TestClient.frame(8, [0x0F, 0xA1] + Array("bye".utf8)) + frame(1, "after the end")
        let expected: [Output] = [
            .ping(Array("ping".utf8)), .message(Array("grüße 🐢".utf8), isText: true),
            .message([UInt8](repeating: 120, count: 300), isText: false), .message([], isText: true),
            .close(code: 4001),
        ]
        #expect(outputs(bytes, pieces: size) == expected)
    }

    static let wrong: [([UInt8], Int)] = [
        (TestClient.frame(1, [1], isMasked: false), 1002),
        ([0xC1, 0x80], 1002), ([0xA1, 0x80], 1002), ([0x91, 0x80], 1002),
        ([0x83, 0x80], 1002), ([0x8B, 0x80], 1002),
        ([0x09, 0x80], 1002), ([0x89, 0xFE], 1002),
        ([0x80, 0x80], 1002),
        (TestClient.frame(1, [1], isFinal: false) + [0x81, 0x80], 1002),
        // Lengths that would fit a shorter form, and one of 2^63.
        ([0x82, 0xFE, 0, 125, 0, 0, 0, 0], 1002),
        ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0], 1002),
        ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1002),
        // More than the limit, known before it has come.
        ([0x82, 0xFE, 0x03, 0xE9, 0, 0, 0, 0], 1009),
        (TestClient.frame(2, [UInt8](repeating: 0, count: 999), isFinal: false) + [0x80, 0x82, 0, 0, 0, 0], 1009),
        // Half a code, codes that may not be sent, a reason that is not text.
        (TestClient.frame(8, [3]), 1002), (TestClient.frame(8, [3, 0xED]), 1002),
        (TestClient.frame(8, [0, 0]), 1002), (TestClient.frame(8, [0x13, 0x88]), 1002),
        (TestClient.frame(8, [3, 0xE8, 0xFF]), 1007),
        // Too long, a surrogate, above U+10FFFF, cut, and the rest of a frame still missing.
        (TestClient.frame(1, [0xC0, 0x80]), 1007), (TestClient.frame(1, [0xED, 0xA0, 0x80]), 1007),
        (TestClient.frame(1, [0xF4, 0x90, 0x80, 0x80]), 1007), (TestClient.frame(1, [0xE2, 0x82]), 1007),
        ([0x81, 0xFD, 0, 0, 0, 0, 0xFF], 1007),
    ]

    @Test(arguments: wrong.indices) func whatIsWrongIsRefused(index: Int) {
        for size in [1, 3, .max] {
            let outputs = outputs(Self.wrong[index].0, pieces: size)
            guard case .failure(let code, _)? = outputs.first else {
                Issue.record("accepted: \(outputs)")
                return
            }
            #expect(code == Self.wrong[index].1)
            #expect(outputs.count == 1)
        }
    }

    /// The check of text agrees with Swift's own, for all sequences of interesting bytes.
    @Test func textIsCheckedAsSwiftDoes() {
        let bytes: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5,
        ]
        for number in 0..<(17 * 17 * 17 * 17) {
            let text = [number, number / 17, number / 289, number / 4913].map { bytes[$0 % 17] }
            var check = UTF8Check()
            let isValid = text.withUnsafeBufferPointer { check.append($0) } && check.isComplete
            #expect(isValid == (String(validating: text, as: UTF8.self) != nil))
        }
    }
}
