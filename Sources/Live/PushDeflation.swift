public import Core

/// How pushes are compressed for connections that agreed on it (`permessage-deflate`). The part that all recipients share is
/// compressed, once; the part of each connection goes before it as it is, for a message is a run of blocks.
public struct PushDeflation {
    /// Bytes of the shared part from which on it is tried.
    static let least = 128

    let compress: ([UInt8]) -> [UInt8]
    let storedHeader: (_ count: Int) -> [UInt8]
    let frameHeader: (LiveForm, _ length: Int, inout ByteWriter) -> Void

    /// - Parameters:
    ///   - compress: raw DEFLATE that leans on nothing before it, and ends at a byte (`Deflater`).
    ///   - storedHeader: what goes before bytes that stay as they are.
    ///   - frameHeader: of a WebSocket frame whose payload is compressed.
    public init(
        compress: @escaping ([UInt8]) -> [UInt8], storedHeader: @escaping (_ count: Int) -> [UInt8],
        frameHeader: @escaping (LiveForm, _ length: Int, inout ByteWriter) -> Void
    ) {
        self.compress = compress
        self.storedHeader = storedHeader
        self.frameHeader = frameHeader
    }

    /// `nil` where it would not be shorter, the header of the other part counted.
    func deflated(_ tail: [UInt8]) -> [UInt8]? {
        guard tail.count >= Self.least else { return nil }
        let deflated = compress(tail)
        return deflated.count + storedHeader(1).count < tail.count ? deflated : nil
    }
}
