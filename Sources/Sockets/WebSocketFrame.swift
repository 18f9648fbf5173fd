public import Core

extension WebSocket {
    /// The header of a whole text message as a server sends it: final, unmasked, 2, 4 or 10 bytes.
    ///
    /// - Parameter length: bytes of the payload that is appended next.
    public static func appendTextFrameHeader(length: Int, to writer: inout ByteWriter) {
        writer.append(0x81)
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
}
