import CZlib

/// Makes raw DEFLATE (RFC 1951) of whole pieces, each by itself: what follows a piece does not lean on it. For one thread.
public final class Deflater {
    /// How far back a piece points at most, as an exponent: 4 KB.
    public static let windowBits = 12
    private static let level: Int32 = 6
    /// What a piece ends with that is left out: an empty block, which its reader adds (RFC 7692, section 7.2.1).
    private static let end = 4
    private let stream: UnsafeMutablePointer<z_stream>

    public init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = martlet_deflate_init(stream, Self.level, Int32(Self.windowBits), Int32(Self.windowBits - 7))
        precondition(status == Z_OK, "deflateInit2: \(status)")
    }

    /// The piece as blocks that end at a byte, of which the last is not final.
    public func compress(_ bytes: [UInt8]) -> [UInt8] {
        deflateReset(stream)
        // An empty block more than the bound counts with.
        let bound = Int(deflateBound(stream, UInt(bytes.count))) + 16
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            bytes.withUnsafeBufferPointer { input in
                // zlib does not write to its input.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(bound)
                let status = deflate(stream, Z_SYNC_FLUSH)
                precondition(status == Z_OK && stream.pointee.avail_in == 0, "deflate: \(status)")
            }
            count = bound - Int(stream.pointee.avail_out) - Self.end
        }
    }

    /// What goes before `count` bytes that are to stay as they are, in front of or between such pieces: 1 to 65,535 of them.
    public static func storedHeader(_ count: Int) -> [UInt8] {
        precondition(1...65_535 ~= count, "a stored block of \(count) bytes")
        let (low, high) = (UInt8(count & 0xFF), UInt8(count >> 8))
        return [0, low, high, ~low, ~high]
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }
}

@available(*, unavailable)
extension Deflater: Sendable {}
