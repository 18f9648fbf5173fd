import Deflate
import Live
import Sockets
import TestSupport

extension FuzzTarget {
    /// Compressed messages of a WebSocket: no more is made of one than may be, whatever it says; what it stands for is the
    /// same wherever its frame is cut, and the next message knows nothing of it.
    static let inflate = FuzzTarget(
        "inflate",
        pieces: [[0, 0, 0xFF, 0xFF], [0, 5, 0, 0xFA, 0xFF], [3, 0], [0xF2, 0x48], [0x02, 0, 0], [0xED, 0xC0]],
        leastAccepted: 20,
        timed: Timed(.loop) { input, watch in
            let inflater = Inflater()
            _ = watch.time { try? inflater.inflate(input, atMost: ClientFrame.longest) }
        }
    ) { input, thorough throws(Finding) in
        let inflater = Inflater()
        let whole = outcome { () throws(Inflater.Failure) in try inflater.inflate(input, atMost: 300) }
        let again = outcome { () throws(Inflater.Failure) in try inflater.inflate(input, atMost: 300) }
        try require(whole == again, "once it is \(whole), then \(again)")
        if case .success(let message) = whole {
            try require(message.count <= 300, "\(message.count) bytes")
            let more = outcome { () throws(Inflater.Failure) in try inflater.inflate(input, atMost: 1 << 20) }
            try require(more == whole, "with more room it is \(more)")
            let anew = outcome { () throws(Inflater.Failure) in
                try inflater.inflate(Deflater().compress(message), atMost: 300)
            }
            try require(anew == whole, "compressed anew it is \(anew)")
        }
        // Binary, final, compressed, with a mask of zeros.
        guard input.count <= 300 else { return false }
        let frame: [UInt8] = [0xC2, 0xFE, UInt8(input.count >> 8), UInt8(input.count & 255), 0, 0, 0, 0] + input
        let short: [UInt8] = [0xC2, 0x80 | UInt8(input.count & 127), 0, 0, 0, 0] + input
        for pieces in Cuts.of(input.count < 126 ? short : frame, thorough: thorough) {
            try require(matches(whole, pieces, inflater), "cut as \(pieces.map(\.count)) it is another than \(whole)")
        }
        if case .success = whole { return true }
        return false
    }

    private static func outcome(
        _ body: () throws(Inflater.Failure) -> [UInt8]
    ) -> Result<[UInt8], Inflater.Failure> {
        do throws(Inflater.Failure) {
            return .success(try body())
        } catch {
            return .failure(error)
        }
    }

    private static func matches(
        _ expected: Result<[UInt8], Inflater.Failure>, _ pieces: [[UInt8]], _ inflater: Inflater
    ) -> Bool {
        var parser = WebSocketParser(maxMessage: 300, inflater: inflater)
        var output = WebSocketParser.Output.needsMore
        for piece in pieces where output == .needsMore {
            piece.withUnsafeBytes { parser.append($0) }
            output = parser.next()
        }
        return switch (expected, output) {
        case (.success(let message), .message(let taken, isText: false)): message == taken
        case (.failure(.tooLong), .failure(code: 1009, _)), (.failure(.invalid), .failure(code: 1007, _)): true
        default: false
        }
    }

    /// `Sec-WebSocket-Extensions`: an offer is taken or not, and what is agreed on is one of two things.
    static let deflateOffer = FuzzTarget(
        "deflate-offer",
        words: [
            "permessage-deflate", ";", ",", "=", "\"", " ", "server_no_context_takeover", "client_no_context_takeover",
            "server_max_window_bits", "client_max_window_bits", "8", "9", "10", "12", "15", "16", "015", "\t",
        ], leastAccepted: 20,
        timed: Timed(.loop) { input, watch in
            let text = String(decoding: input, as: UTF8.self)
            _ = watch.time { DeflateAgreement(offers: [text]) }
        }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        let alone = DeflateAgreement(offers: [text])
        // Header fields of one name are one list.
        let (first, behind) = (DeflateAgreement(offers: [text, "x"]), DeflateAgreement(offers: ["x, \(text)"]))
        let isSeen = text.utf8.count(where: { $0 == UInt8(ascii: ",") }) + 2 < DeflateAgreement.most
        try require(
            !isSeen || alone == first && alone == behind, "beside another offer it is \(first?.header ?? "none")")
        let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        guard let alone else { return false }
        try require(
            [plain, plain + "; server_max_window_bits=12"].contains(alone.header), "agreed on \(alone.header)")
        return true
    }
}
