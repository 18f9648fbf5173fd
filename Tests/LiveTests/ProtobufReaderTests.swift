import Testing

@testable import Live

/// Bytes given by hand, after protobuf.dev, "Encoding".
@Suite struct ProtobufReaderTests {
    private func fields(_ bytes: [UInt8]) -> [(Int, ProtobufReader.Value)]? {
        var reader = ProtobufReader(bytes[...])
        var fields: [(Int, ProtobufReader.Value)] = []
        do {
            while let field = try reader.next() { fields.append(field) }
        } catch {
            return nil
        }
        return fields
    }

    @Test func fieldsOfEachType() {
        let read = fields([
            0x08, 0x96, 0x01,  // 1: 150
            0x12, 0x03, 0x61, 0x62, 0x63,  // 2: "abc"
            0x19, 1, 2, 3, 4, 5, 6, 7, 8,  // 3: eight bytes
            0x25, 1, 2, 3, 4,  // 4: four bytes
            0x82, 0x01, 0x00,  // 16: ""
        ])
        #expect(read?.map(\.0) == [1, 2, 3, 4, 16])
        #expect(
            read?.map(\.1) == [.varint(150), .bytes(Array("abc".utf8)[...]), .fixed, .fixed, .bytes([])])
        #expect(fields([])?.isEmpty == true)
    }

    @Test(
        arguments: [
            ([0x08, 0x00], 0), ([0x08, 0x7F], 127), ([0x08, 0x80, 0x01], 128), ([0x08, 0x80, 0x00], 0),
            ([0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], UInt64(UInt32.max)),
            ([0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], UInt64.max),
        ] as [([UInt8], UInt64)])
    func numbers(_ bytes: [UInt8], _ value: UInt64) {
        #expect(fields(bytes)?.first?.1 == .varint(value))
    }

    @Test(
        arguments: [
            ("a tag without its field", [0x08]),
            ("a number that is cut", [0x08, 0x80]),
            ("a number of more than 64 bits", [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02]),
            ("a number of eleven bytes", [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
            ("a text that is cut", [0x12, 0x03, 0x61, 0x62]),
            ("a length that no memory has", [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
            ("eight bytes that are seven", [0x19, 1, 2, 3, 4, 5, 6, 7]),
            ("four bytes that are three", [0x25, 1, 2, 3]),
            ("the field 0", [0x00, 0x00]),
            ("a tag of more than 32 bits", [0x80, 0x80, 0x80, 0x80, 0x10, 0x00]),
            ("a group", [0x0B, 0x0C]),
            ("the end of a group", [0x0C]),
            ("the type 6", [0x0E, 0x00]),
            ("the type 7", [0x0F, 0x00]),
        ] as [(String, [UInt8])])
    func malformed(_ what: String, _ bytes: [UInt8]) {
        #expect(fields(bytes) == nil, "\(what)")
    }

    @Test func aMessageHasFewFields() {
        let most = [[UInt8]](repeating: [0x08, 0x01], count: ProtobufReader.mostFields).flatMap { $0 }
        #expect(fields(most)?.count == ProtobufReader.mostFields)
        #expect(fields(most + [0x08, 0x01]) == nil)
    }

    @Test func aFieldOfAnotherTypeIsNamed() throws {
        let text = ProtobufReader.Value.bytes([0x61])
        #expect(throws: ProtobufError.badField) { try text.number() }
        #expect(throws: ProtobufError.badField) { try text.bool() }
        #expect(throws: ProtobufError.badField) { try ProtobufReader.Value.varint(1).text() }
        #expect(throws: ProtobufError.badField) { try ProtobufReader.Value.fixed.message() }
        #expect(throws: ProtobufError.malformed) { try ProtobufReader.Value.bytes([0xC3]).text() }
        #expect(try text.text() == "a")
    }
}
