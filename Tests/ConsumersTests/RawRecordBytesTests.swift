import EventLog
import Testing

@testable import Consumers

struct RawRecordBytesTests {
    private static let frames = [
        RawRecord(key: nil, headers: []), RawRecord(key: [], headers: []),
        RawRecord(key: [0, 255, 1], headers: [.init(name: "a", value: nil), .init(name: "a", value: [])]),
        RawRecord(key: Array("7".utf8), headers: [.init(name: "", value: [0xC3]), .init(name: "ß", value: [1])]),
    ]

    @Test(arguments: frames) func bytesThereAndBack(_ frame: RawRecord) throws {
        #expect(RawRecord(bytes: frame.bytes) == frame)
        let record = frame.record(topic: "t", partition: 1, offset: 2, value: [3], attempts: 4)
        #expect(RawRecord(record) == frame, "whatever text can't say is kept")
        #expect(record.attempts == 4)
    }

    @Test func textNeedsNoMore() throws {
        let record = LogRecord(
            topic: "t", partition: 0, offset: 0, key: "κ", value: [], headers: ["b": "2", "a": "1"])
        let back = try #require(RawRecord(bytes: RawRecord(record).bytes))
        #expect(back.record(topic: "t", partition: 0, offset: 0, value: [], attempts: 0) == record)
    }

    @Test func whatIsCutIsNone() {
        let bytes = Self.frames[2].bytes
        for count in bytes.indices.dropFirst() where count != 7 && count != 16 {
            #expect(RawRecord(bytes: Array(bytes[..<count])) == nil, "\(count)")
        }
        #expect(RawRecord(bytes: []) == nil)
    }
}
