import Core
import Testing

@Suite struct TimeTests {
    @Test func whatIsWrittenIsRead() {
        var generator = SystemRandomNumberGenerator()
        let most: Int64 = 253_402_300_799_999
        for time in [0, 951_782_399_999, 951_782_400_000, 1_767_225_600_000, most]
            + (0..<20_000).map({ _ in Int64.random(in: 0...most, using: &generator) })
        {
            #expect(milliseconds(rfc3339: rfc3339(milliseconds: time)) == time)
        }
    }

    @Test(arguments: [
        "", "2026", "2026-01-05T00:07:21.289", "2026-01-05T00:07:21.289z", "2026-00-05T00:07:21.289Z",
        "2026-01-00T00:07:21.289Z", "2026-01-32T00:07:21.289Z", "2023-02-29T00:07:21.289Z", "2026-01-05T23:60:21.289Z",
        "2026-01-05T23:59:60.289Z", "2026-01-05T23:59:6a.289Z", "-026-01-05T23:59:06.289Z", "1969-12-31T23:59:59.999Z",
        "2026-01-05T23:59:06.2\u{e9}Z", "\u{7f}\u{7f}\u{7f}\u{7f}-01-05T23:59:06.289Z",
    ]) func whatIsNone(_ text: String) {
        #expect(milliseconds(rfc3339: text) == nil)
    }

    /// Nothing traps.
    @Test func anyBytes() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = Array("2026-01-05T00:07:21.289Z".utf8)
            for _ in 0..<Int.random(in: 1...8) { bytes[.random(in: 0..<24)] = .random(in: 0...255, using: &generator) }
            _ = milliseconds(rfc3339: String(decoding: bytes, as: UTF8.self))
        }
    }
}
