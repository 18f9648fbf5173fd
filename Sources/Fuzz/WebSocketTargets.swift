import Live
import Sockets
import TestSupport

extension FuzzTarget {
    /// Frames with a mask of zeros, and the beginnings of some.
    private static let frames: [[UInt8]] = [
        [0x81, 0x80, 0, 0, 0, 0], [0x01, 0x81, 0, 0, 0, 0, 0x61], [0x01, 0x81, 0, 0, 0, 0, 0xC3],
        [0x82, 0x81, 0, 0, 0, 0, 0xFF], [0x00, 0x80, 0, 0, 0, 0], [0x80, 0x80, 0, 0, 0, 0],
        [0x80, 0x81, 0, 0, 0, 0, 0xA9], [0x89, 0x80, 0, 0, 0, 0], [0x8A, 0x81, 0, 0, 0, 0, 1],
        [0x88, 0x80, 0, 0, 0, 0], [0x88, 0x82, 0, 0, 0, 0, 3, 0xE8], [0x81, 0x01, 0x61], [0x09, 0x80], [0x89, 0xFE],
        [0x82, 0xFE, 0, 126], [0x82, 0xFE, 1, 44], [0x82, 0xFE, 1, 45], [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0],
        [0x82, 0xFF, 0, 0, 1, 0, 0, 0, 0, 0], [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0], [0xE2, 0x82], [0xF0, 0x9F, 0x90], [0xED, 0xA0, 0x80],
    ]

    /// Frames off a connection: wherever the bytes are cut, what RFC 6455 makes of them and as soon as it is known; little
    /// is held, whatever length is claimed; and what was taken is the same when a client sends it anew.
    static let webSocket = FuzzTarget(
        "websocket", pieces: frames, leastAccepted: 100,
        timed: Timed(.loop) { input, watch in
            var parser = WebSocketParser(maxMessage: ClientFrame.longest)
            for piece in Timed.reads(input) {
                watch.time { piece.withUnsafeBytes { parser.append($0) } }
                while watch.time({ parser.next() }) != .needsMore {}
            }
        }
    ) { input, thorough throws(Finding) in
        // A limit that inputs come up to, and one that lets all lengths pass; there the model's time grows by the square.
        let isGood = try check(input, limit: 300, thorough)
        if input.count <= 4096 { _ = try check(input, limit: .max, thorough) }
        return isGood
    }

    private static func check(_ input: [UInt8], limit: Int, _ thorough: Bool) throws(Finding) -> Bool {
        let model = WebSocketModel(input, limit: limit)
        let whole = try WebSocketTranscript([input], limit: limit)
        try require(whole.matches(model, [input]), "\(whole.outputs), it must be \(model.outputs)")
        for pieces in Cuts.of(input, thorough: thorough) {
            let cut = try WebSocketTranscript(pieces, limit: limit)
            try require(cut.outputs == whole.outputs, "cut as \(pieces.map(\.count)): \(cut), whole: \(whole)")
            try require(
                cut.matches(model, pieces),
                "cut as \(pieces.map(\.count)) it comes after \(cut.given) bytes, it is known after \(model.known)")
        }
        try checkRewritten(whole.readable, limit, fingerprint(input))
        if thorough { try checkRewritten(whole.readable.map(lengthened), .max, fingerprint(input)) }
        return !whole.readable.isEmpty
    }

    private static func checkRewritten(
        _ outputs: [WebSocketParser.Output], _ limit: Int, _ seed: UInt64
    ) throws(Finding) {
        var random = Seeded(seed)
        var bytes: [UInt8] = []
        for output in outputs { bytes += output.frames(&random) }
        let again = try WebSocketTranscript([bytes], limit: limit)
        try require(again.outputs == outputs, "sent anew it is \(again.outputs), was \(outputs)")
    }

    /// Messages so long that their frames have lengths of 64 bits.
    private static func lengthened(_ output: WebSocketParser.Output) -> WebSocketParser.Output {
        guard case .message(let payload, let isText) = output, !payload.isEmpty else { return output }
        let times = 4 * 65_536 / payload.count
        return .message(Array(repeatElement(payload, count: times).joined()), isText: isText)
    }
}
