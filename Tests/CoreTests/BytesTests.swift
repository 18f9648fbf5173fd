import Core
import Testing

@Suite struct BytesTests {
    @Test(arguments: [
        ("", "\"\""), ("a\"b\\c", #""a\"b\\c""#), ("\u{0}\u{1F}\n\r\t", #""\u0000\u001f\n\r\t""#),
        ("é😀", "\"é😀\""), ("\u{2028}\u{2029}", #""\u2028\u2029""#), ("\u{E2}\u{80}", "\"\u{E2}\u{80}\""),
    ])
    func writesJSONStrings(_ text: String, _ expected: String) throws {
        var writer = ByteWriter()
        writer.append(jsonString: text)
        #expect(writer.string == expected)
        #expect(try JSONValue.parse(writer.bytes) == .string(text))
    }

    @Test(arguments: [Int64.min, -1, 0, 9, 10, 1234567890, Int64.max])
    func writesDecimals(_ value: Int64) {
        var writer = ByteWriter()
        writer.append(decimal: value)
        #expect(writer.string == String(value))
    }

    @Test func readsBigEndianToTheLastByte() {
        var writer = ByteWriter()
        writer.append(bigEndian: 0x01_0203_0405_0607, width: 7)
        #expect(writer.bytes == [1, 2, 3, 4, 5, 6, 7])
        var reader = ByteReader(writer.bytes)
        #expect(reader.unsigned(width: 8) == nil)
        #expect(reader.unsigned(width: 7) == 0x01_0203_0405_0607)
        #expect(reader.remaining == 0)
        #expect(reader.take(1) == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_827_696_789, "2000-02-29T12:34:56.789Z"),
            (1_767_225_600_000, "2026-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func writesTimes(_ milliseconds: Int64, _ expected: String) {
        #expect(rfc3339(milliseconds: milliseconds) == expected)
    }

    @Test(
        arguments: [([], ""), ([0], "AA"), ([255, 239], "_-8"), (Array("foobar".utf8), "Zm9vYmFy")]
            as [([UInt8], String)])
    func base64(_ bytes: [UInt8], _ text: String) {
        #expect(Base64URL.encode(bytes) == text)
        #expect(Base64URL.decode(text) == bytes)
    }

    /// A padding, a foreign character, an impossible length, bits left over.
    @Test(arguments: ["AA==", "A", "A+", "AB", "ABC D", "Zm9vYmF5="])
    func refusesBase64(_ text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    /// The vectors of the SipHash paper's reference code: key 00…0f, input 00, 01, 02, …
    @Test func sipHashHasItsPublishedValues() {
        let hash = SipHash(key: Array(0..<16))
        #expect(hash.hash([]) == 0x726f_db47_dd0e_0e31)
        #expect(hash.hash(Array(0..<15)) == 0xa129_ca61_49be_45e5)
    }

    @Test func uuidsSortByTime() {
        let clock = ManualClock(milliseconds: 1_700_000_000_000)
        let first = uuidV7(clock: clock)
        clock.advance(milliseconds: 1)
        let second = uuidV7(clock: clock)
        #expect(first < second)
        #expect(first.count == 36 && Array(first)[14] == "7" && "89ab".contains(Array(first)[19]))
    }
}
