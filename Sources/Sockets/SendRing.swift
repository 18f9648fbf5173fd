import CLiburing
import Glibc

/// An io_uring for sends that don't wait: many of them in one system call. Made and used by one thread.
final class SendRing {
    /// So many sends fit.
    static let size = 512

    private let ring: UnsafeMutablePointer<io_uring>

    /// Fails where the kernel has none, or forbids it, as container runtimes often do.
    init() throws(SocketError) {
        var number: Int32 = 0
        guard let ring = martlet_uring_new(UInt32(Self.size), &number) else {
            throw SocketError(call: "io_uring_setup", number: number)
        }
        self.ring = ring
    }

    deinit { martlet_uring_free(ring) }

    /// Nothing is sent before `submit`, and the bytes must stay until then.
    /// - Parameter index: the result's, below `size`, each once.
    /// - Returns: false when the ring is full.
    func add(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, index: Int) -> Bool {
        martlet_uring_send(ring, descriptor, bytes.baseAddress, bytes.count, UInt64(index)) == 1
    }

    /// Hands all to the kernel and takes the results: bytes that were sent, or `-errno`; `-EAGAIN` when the peer has no room.
    /// What was added is done with when it returns.
    /// - Parameters:
    ///   - count: how many were added.
    ///   - results: by their indices. Where the kernel fails, those whose outcome is not known are left as they are.
    /// - Returns: false when the kernel has failed: then the ring must not be used again.
    func submit(_ count: Int, _ results: UnsafeMutableBufferPointer<Int32>) -> Bool {
        var missing = count
        while missing > 0 {
            let submitted = martlet_uring_submit(ring, UInt32(missing))
            let taken = Int(martlet_uring_take(ring, results.baseAddress, UInt32(results.count)))
            missing -= taken
            guard submitted >= 0 || submitted == -EINTR || taken > 0 else { return false }
        }
        return true
    }

    // MARK: Trying

    /// Does what connections will do, on a pair of sockets: a send that is taken, then sends until there is no room.
    func check() throws(SocketError) {
        var pair: [Int32] = [-1, -1]
        guard martlet_uring_pair(&pair) == 0 else { throw SocketError(call: "socketpair", number: errno) }
        defer { for descriptor in pair { close(descriptor) } }
        let piece = [UInt8](repeating: 0x6D, count: 4096)
        guard try send(piece, to: pair[0]) == Int32(piece.count) else { throw Self.unexpected }
        var got = [UInt8](repeating: 0, count: 8192)
        guard recv(pair[1], &got, got.count, 0) == piece.count, got.starts(with: piece) else { throw Self.unexpected }
        // A kernel that would wait here waits for ever.
        var tries = 0
        while try send(piece, to: pair[0]) > 0, tries < 10_000 { tries += 1 }
        guard try send(piece, to: pair[0]) == -EAGAIN else { throw Self.unexpected }
    }

    private func send(_ piece: [UInt8], to descriptor: Int32) throws(SocketError) -> Int32 {
        var result = Int32.min
        let isDone = piece.withUnsafeBytes { bytes in
            add(bytes, to: descriptor, index: 0)
                && withUnsafeMutablePointer(to: &result) { submit(1, UnsafeMutableBufferPointer(start: $0, count: 1)) }
        }
        guard isDone, result > 0 || result == -EAGAIN else {
            throw SocketError(call: "io_uring_enter", number: result > Int32.min ? -result : EIO)
        }
        return result
    }

    private static let unexpected = SocketError(call: "io_uring send", number: EPROTO)
}

@available(*, unavailable)
extension SendRing: Sendable {}
