public import Core

extension WebSocket {
    /// The header of a whole text message as a server sends it: final, unmasked, 2, 4 or 10 bytes.
    ///
    /// - Parameter length: bytes of the payload that is appended next.
    public static func appendTextFrameHeader(length: Int, to writer: inout ByteWriter) {
        appendFrameHeader(length: length, isText: true, to: &writer)
    }

    /// The same of a text or a binary message.
    /// - Parameter isDeflated: the payload is raw DEFLATE without its empty block at the end (RFC 7692, section 7.2.1).
    public static func appendFrameHeader(
        length: Int, isText: Bool, isDeflated: Bool = false, to writer: inout ByteWriter
    ) {
        writer.append((isText ? 0x81 : 0x82) | (isDeflated ? 0x40 : 0))
        switch length {
        case ..<126:
            writer.append(UInt8(length))
        case ..<65_536:
            writer.append(126)
            writer.append(bigEndian: UInt64(length), width: 2)
        default:
            writer.append(127)
            writer.append(bigEndian: UInt64(length), width: 8)
        }
    }

    /// - Parameter payload: at most 125 bytes.
    static func pong(_ payload: [UInt8]) -> [UInt8] {
        [0x8A, UInt8(payload.count)] + payload
    }

    /// - Parameter reason: at most 123 bytes; what is longer is cut at a character.
    static func closeFrame(code: Int?, reason: String) -> [UInt8] {
        guard let code else { return [0x88, 0] }
        var text = Array(reason.utf8.prefix(123))
        while String(validating: text, as: UTF8.self) == nil { text.removeLast() }
        return [0x88, UInt8(2 + text.count), UInt8(code >> 8), UInt8(code & 0xFF)] + text
    }
}
