import Deflate
import Testing

@testable import Sockets

@Suite struct DeflateAgreementTests {
    /// Beside one that is: what is too long, or has a text that takes long to compare.
    @Test func offersThatAreNone() {
        let marks = String(repeating: "\u{301}\u{323}", count: 5_000)
        for offer in [
            "permessage-deflate; \(marks)", "permessage-deflate; server_max_window_bits\(marks)",
            "permessage-deflate; client_max_window_bits=" + String(repeating: "0", count: 300) + "9",
        ] {
            #expect(DeflateAgreement(offers: [offer]) == nil)
            #expect(DeflateAgreement(offers: [offer, "permessage-deflate"]) != nil)
        }
    }

    /// A long list of them is not read to its end.
    @Test func offersBehindOthers() {
        for (count, isRead) in [(15, true), (16, false)] {
            let offers = Array(repeating: "x", count: count) + ["permessage-deflate"]
            #expect((DeflateAgreement(offers: offers) != nil) == isRead)
            #expect((DeflateAgreement(offers: [offers.joined(separator: ",")]) != nil) == isRead)
        }
    }

    /// A compressed message in pieces, a control frame between them, and one that is not compressed behind it.
    @Test func aMessageInPieces() {
        var parser = WebSocketParser(maxMessage: 100, inflater: Inflater())
        let text = Array("the same again, the same again, the same again".utf8)
        let deflated = Deflater().compress(text)
        let (first, second) = (Array(deflated[..<7]), Array(deflated[7...]))
        let frames =
            frame(0x41, first) + frame(0x89, [1]) + frame(0x80, second) + frame(0x81, Array("plain".utf8))
        var outputs: [WebSocketParser.Output] = []
        for byte in frames {
            withUnsafeBytes(of: byte) { parser.append($0) }
            while true {
                let output = parser.next()
                if output == .needsMore { break }
                outputs.append(output)
            }
        }
        #expect(outputs == [.ping([1]), .message(text, isText: true), .message(Array("plain".utf8), isText: true)])
    }

    @Test(arguments: [0x40, 0xC9, 0x61, 0x51, 0x71] as [UInt8]) func bitsThatMeanNothingHere(_ first: UInt8) {
        var parser = WebSocketParser(maxMessage: 100, inflater: Inflater())
        let frames = first == 0x40 ? frame(0x01, [97]) + frame(first, [97]) : frame(first, [97])
        frames.withUnsafeBytes { parser.append($0) }
        #expect(parser.next() == .failure(code: 1002, reason: "reserved bits are set"))
    }

    @Test func noMoreThanTheLimit() {
        let zeros = Deflater().compress([UInt8](repeating: 0, count: 101))
        for (limit, isGood) in [(100, false), (101, true)] {
            var parser = WebSocketParser(maxMessage: limit, inflater: Inflater())
            frame(0xC2, zeros).withUnsafeBytes { parser.append($0) }
            let whole = WebSocketParser.Output.message([UInt8](repeating: 0, count: 101), isText: false)
            #expect(parser.next() == (isGood ? whole : .failure(code: 1009, reason: "message too big")))
        }
    }

    private func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [first, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
    }
}
