/// Signs cursors so that an altered one, one of another list or of another user is told from a good one. SipHash with
/// a secret key: 64 bits, for tokens that open nothing by themselves.
public struct CursorSigner: Sendable {
    private let hash: SipHash
    private let others: @Sendable () -> [CursorSigner]

    /// - Parameters:
    ///   - key: 16 secret bytes or more.
    ///   - others: whose cursors are good as well, at the moment when one is opened.
    public init(key: [UInt8], others: @escaping @Sendable () -> [CursorSigner] = { [] }) {
        hash = SipHash(key: key)
        self.others = others
    }

    /// The visible bytes with their code, which holds for this context only.
    public func seal(_ visible: [UInt8], context: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: visible.count + 8)
        writer.append(visible)
        writer.append(bigEndian: hash.hash(visible + context), width: 8)
        return writer.bytes
    }

    /// The visible part, or `nil` where the code does not hold.
    /// - Parameter length: bytes of the visible part.
    public func open(_ text: String, length: Int, context: [UInt8]) -> [UInt8]? {
        open(text, atMost: length, context: context).flatMap { $0.count == length ? $0 : nil }
    }

    /// The same of a visible part whose length is not known.
    public func open(_ text: String, atMost length: Int, context: [UInt8]) -> [UInt8]? {
        guard text.utf8.count <= (length + 8) * 4 / 3 + 3, let bytes = Base64URL.decode(text), bytes.count >= 8 else {
            return nil
        }
        let visible = Array(bytes.dropLast(8))
        // The time of this comparison tells nothing worth knowing: a forged cursor shows only what its user may see.
        if seal(visible, context: context) == bytes { return visible }
        return others().contains { $0.seal(visible, context: context) == bytes } ? visible : nil
    }
}
