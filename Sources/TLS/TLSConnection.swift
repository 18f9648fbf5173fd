import CTLS

/// The server's side of one connection, without its socket: what came goes in, what is to be sent comes out. Lives on its
/// loop's thread.
public final class TLSConnection {
    private static let pieceLength = 16_384

    private let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    /// The peer has broken the protocol, or has said that it ends.
    public private(set) var isOver = false

    public init?(_ server: TLSServer) {
        guard let ssl = SSL_new(server.context), let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem())
        else { return nil }
        (self.ssl, self.input, self.output) = (ssl, input, output)
        // The session owns both from here on.
        SSL_set_bio(ssl, input, output)
        SSL_set_accept_state(ssl)
    }

    deinit { SSL_free(ssl) }

    /// Whether HTTP/2 was agreed on; `nil` until the handshake is over.
    public var isHTTP2: Bool? {
        guard SSL_is_init_finished(ssl) == 1 else { return nil }
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        return length == 2
    }

    /// - Returns: what it says, decrypted.
    public func receive(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        BIO_write(input, bytes.baseAddress, Int32(bytes.count))
        var plain: [UInt8] = []
        while !isOver {
            let count = withUnsafeTemporaryAllocation(byteCount: Self.pieceLength, alignment: 1) { piece in
                let count = SSL_read(ssl, piece.baseAddress, Int32(piece.count))
                if count > 0 { plain.append(contentsOf: piece.prefix(Int(count))) }
                return count
            }
            guard count <= 0 else { continue }
            let error = SSL_get_error(ssl, count)
            ERR_clear_error()
            if error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE { break }
            isOver = true
        }
        return plain
    }

    /// - Parameter bytes: to be sent, once the handshake is over.
    public func send(_ bytes: [UInt8]) {
        guard !isOver, !bytes.isEmpty else { return }
        // A memory BIO takes all.
        if SSL_write(ssl, bytes, Int32(bytes.count)) <= 0 {
            ERR_clear_error()
            isOver = true
        }
    }

    /// Says that nothing more comes.
    public func finish() {
        if SSL_is_init_finished(ssl) == 1 { SSL_shutdown(ssl) }
        ERR_clear_error()
    }

    /// What is to be written to the socket.
    public func takeOutput() -> [UInt8] {
        let count = Int(BIO_ctrl_pending(output))
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            filled = max(0, Int(BIO_read(output, room.baseAddress, Int32(count))))
        }
    }
}

@available(*, unavailable)
extension TLSConnection: Sendable {}
