import Testing

@testable import Sockets

/// SplitMix64: the same inputs in every run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var x = state
        x = (x ^ (x >> 30)) &* 0xbf58_476d_1ce4_e5b9
        x = (x ^ (x >> 27)) &* 0x94d0_49bb_1331_11eb
        return x ^ (x >> 31)
    }
}

/// Whatever comes in, the parser does not trap, and where the bytes are cut changes nothing.
@Suite struct HTTPParserFuzzTests {
    private static let corpus: [[UInt8]] = [
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a%20b?x=%41+1&y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "PUT /q HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        "OPTIONS * HTTP/1.1\r\nHost: h\r\nA: b\r\nA: c\r\n\r\n\r\nHEAD http://h/x HTTP/1.1\r\nHost: h\r\n\r\n",
    ].map { Array($0.utf8) }

    private static let words: [[UInt8]] = [
        "\r\n", "\n", "\r", "\0", " ", ":", "%", "%00", "%2f", "Content-Length: 9\r\n",
        "Transfer-Encoding: chunked\r\n",
        "0\r\n\r\n", "ffffffffffffffff", "HTTP/1.1", "\u{FF}", "\t", "99999999999999999999", "Host: h\r\n",
    ].map { Array($0.utf8) }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout Seeded) {
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...8, using: &random)))
            case 3: bytes.insert(contentsOf: words.randomElement(using: &random)!, at: at)
            case 4: bytes.insert(contentsOf: bytes[at...].prefix(20), at: at)
            default: bytes += corpus.randomElement(using: &random)!
            }
        }
    }

    private static func cut(_ bytes: [UInt8], _ random: inout Seeded) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        let most = Int.random(in: 1...40, using: &random)
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...most, using: &random))
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }

    /// 50,000 inputs. `nil` when the cuts changed nothing, and how many requests were among them.
    private static func run(seed: UInt64) -> (difference: String?, accepted: Int) {
        var random = Seeded(state: seed)
        var accepted = 0
        var limits = HTTPParser.Limits()
        limits.body = 64
        for _ in 0..<50_000 {
            var bytes = corpus.randomElement(using: &random)!
            mutate(&bytes, &random)
            let whole = Outcome([bytes], limits: limits)
            let pieces = Outcome(cut(bytes, &random), limits: limits)
            guard whole.requests == pieces.requests, (whole.error == nil) == (pieces.error == nil) else {
                return ("\(String(decoding: bytes, as: UTF8.self).debugDescription): \(whole) \(pieces)", accepted)
            }
            accepted += whole.requests.count
        }
        return (nil, accepted)
    }

    /// On threads of their own: the other tests need the pool.
    @Test(arguments: [UInt64(1), 2, 3, 4]) func neitherTrapsNorDependsOnCuts(seed: UInt64) async throws {
        let (difference, accepted) = try await onThread { Self.run(seed: seed) }
        #expect(difference == nil)
        // The inputs are worth something: many are still requests.
        #expect(accepted > 20_000)
    }

    @Test func everyCutOfAPipelineGivesTheSame() {
        let bytes = Self.corpus.flatMap { $0 }
        let whole = Outcome([bytes])
        for at in 0...bytes.count {
            let cut = Outcome([Array(bytes[..<at]), Array(bytes[at...])])
            #expect(cut.requests == whole.requests)
        }
        #expect(whole.requests.count == 9)
    }
}
