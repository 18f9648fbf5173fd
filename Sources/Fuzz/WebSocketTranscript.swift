import Sockets
import TestSupport

/// What the WebSocket parser made of some pieces of bytes.
struct WebSocketTranscript {
    private(set) var outputs: [WebSocketParser.Output] = []
    /// For each output: how many bytes had been given.
    private(set) var given: [Int] = []

    init(_ pieces: [[UInt8]], limit: Int) throws(Finding) {
        var parser = WebSocketParser(maxMessage: limit)
        var count = 0
        var hasEnded = false
        for piece in pieces {
            piece.withUnsafeBytes { parser.append($0) }
            count += piece.count
            reading: while true {
                let output = parser.next()
                if output == .needsMore { break reading }
                try require(!hasEnded, "it goes on after the end with \(output)")
                outputs.append(output)
                given.append(count)
                hasEnded = try Self.checkIsLast(output, limit)
            }
            // An array that grows takes up to twice of what it needs; besides it a header, or a control frame.
            let most = hasEnded ? 0 : 2 * min(limit, count) + 512
            try require(parser.held <= most, "it holds \(parser.held) bytes after \(count), at most \(most) are right")
        }
    }

    private static func checkIsLast(_ output: WebSocketParser.Output, _ limit: Int) throws(Finding) -> Bool {
        switch output {
        case .message(let payload, let isText):
            try require(payload.count <= limit, "a message of \(payload.count) bytes")
            try require(!isText || String(validating: payload, as: UTF8.self) != nil, "a text that is not UTF-8")
            return false
        case .ping(let payload):
            try require(payload.count <= 125, "a ping of \(payload.count) bytes")
            return false
        case .failure(let code, let reason):
            try require([1002, 1007, 1009].contains(code) && !reason.isEmpty, "a failure with \(code) '\(reason)'")
            return true
        case .tooManyFrames:
            try require(false, "too many frames, where as many may come as like")
            return true
        case .needsMore, .close: return true
        }
    }

    /// Without the end: what can be said again.
    var readable: [WebSocketParser.Output] {
        outputs.filter { if case .failure = $0 { false } else { true } }
    }

    /// Is it what must come of these pieces, each with the piece that tells?
    func matches(_ model: WebSocketModel, _ pieces: [[UInt8]]) -> Bool {
        guard outputs.count == model.outputs.count else { return false }
        var ends = [0]
        for piece in pieces { ends.append(ends.last! + piece.count) }
        return outputs.indices.allSatisfy { index in
            given[index] == ends.first { $0 >= model.known[index] }
                && Self.areAlike(outputs[index], model.outputs[index])
        }
    }

    /// Reasons are for people.
    private static func areAlike(_ a: WebSocketParser.Output, _ b: WebSocketParser.Output) -> Bool {
        if case (.failure(let code, _), .failure(let other, _)) = (a, b) { return code == other }
        return a == b
    }
}

extension WebSocketParser.Output {
    /// The frames that a client may send for it: data in some fragments with pongs between, masked anew.
    func frames(_ random: inout Seeded) -> [UInt8] {
        switch self {
        case .needsMore, .failure, .tooManyFrames: return []
        case .close(let code):
            let payload = code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } ?? []
            return Self.frame(0x88, payload, &random)
        case .ping(let payload): return Self.frame(0x89, payload, &random)
        case .message(let payload, let isText):
            var bytes: [UInt8] = []
            var opcode: UInt8 = isText ? 1 : 2
            var rest = payload[...]
            for _ in 0..<random.below(4) {
                let part = rest.prefix(random.below(rest.count + 1))
                bytes += Self.frame(opcode, Array(part), &random) + Self.frame(0x8A, [1], &random)
                rest = rest.dropFirst(part.count)
                opcode = 0
            }
            return bytes + Self.frame(0x80 | opcode, Array(rest), &random)
        }
    }

    static func frame(_ first: UInt8, _ payload: [UInt8], _ random: inout Seeded) -> [UInt8] {
        let count = payload.count
        let width = count < 126 ? 0 : count < 65_536 ? 2 : 8
        var bytes = [first, 0x80 | (width == 0 ? UInt8(count) : width == 2 ? 126 : 127)]
        for index in (0..<width).reversed() { bytes.append(UInt8(truncatingIfNeeded: count >> (8 * index))) }
        let mask = (0..<4).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes += mask
        for (index, byte) in payload.enumerated() { bytes.append(byte ^ mask[index % 4]) }
        return bytes
    }
}
