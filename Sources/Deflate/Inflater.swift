import CZlib

/// Reads raw DEFLATE, each message by itself (RFC 7692, section 7.2.2). For one thread.
public final class Inflater {
    public enum Failure: Error {
        case tooLong, invalid
    }

    private static let scratchSize = 16_384
    private static let end: [UInt8] = [0, 0, 0xFF, 0xFF]
    private let stream: UnsafeMutablePointer<z_stream>
    private let scratch: UnsafeMutablePointer<UInt8>

    public init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        scratch = .allocate(capacity: Self.scratchSize)
        let status = martlet_inflate_init(stream)
        precondition(status == Z_OK, "inflateInit2: \(status)")
    }

    /// - Parameters:
    ///   - message: without the empty block at its end.
    ///   - most: bytes of what it stands for. More is not made: it fails with at most 16 KB of it.
    public func inflate(_ message: [UInt8], atMost most: Int) throws(Failure) -> [UInt8] {
        inflateReset(stream)
        var output: [UInt8] = []
        if try read(message, into: &output, atMost: most) { return output }
        let hasEnded = try read(Self.end, into: &output, atMost: most)
        // Behind a whole block, and with no bit left over.
        guard hasEnded || stream.pointee.data_type & 0b1000_0111 == 0b1000_0000 else { throw .invalid }
        return output
    }

    /// - Returns: whether it has ended with a block that says that it is the last.
    private func read(
        _ bytes: [UInt8], into output: inout [UInt8], atMost most: Int
    ) throws(Failure) -> Bool {
        var failure: Failure?
        var status = Z_OK
        bytes.withUnsafeBufferPointer { input in
            // zlib does not write to its input.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            repeat {
                // What comes behind a last block is a stream by itself.
                if status == Z_STREAM_END { inflateReset(stream) }
                stream.pointee.next_out = scratch
                stream.pointee.avail_out = UInt32(Self.scratchSize)
                status = CZlib.inflate(stream, Z_SYNC_FLUSH)
                guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
                    failure = .invalid
                    return
                }
                output.append(
                    contentsOf: UnsafeBufferPointer(
                        start: scratch, count: Self.scratchSize - Int(stream.pointee.avail_out)))
                if output.count > most { failure = .tooLong }
            } while failure == nil && status != Z_BUF_ERROR
                && (stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0 && status == Z_OK)
        }
        if let failure { throw failure }
        return status == Z_STREAM_END
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        scratch.deallocate()
    }
}

@available(*, unavailable)
extension Inflater: Sendable {}
