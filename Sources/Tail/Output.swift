import Glibc
import HTTPClient

/// Where posts go.
protocol Output {
    /// Writes all of it, at once.
    func write(_ text: String) throws(TailEnd)
    /// Has the reader gone?
    var isClosed: Bool { get }
}

/// A file descriptor, written to without a buffer: a reader has each line as soon as there is one.
struct DescriptorOutput: Output {
    private let descriptor: Int32
    private let interrupt: Interrupt

    init(_ descriptor: Int32, _ interrupt: Interrupt) {
        self.descriptor = descriptor
        self.interrupt = interrupt
    }

    func write(_ text: String) throws(TailEnd) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            try waitUntilWritable()
            // What a pipe takes without blocking when it is writable, so that the interrupt is heard.
            let count = rest.prefix(Int(PIPE_BUF)).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                throw .outputClosed
            } else if errno != EINTR && errno != EAGAIN {
                let reason = String(cString: strerror(errno))
                throw .failed("the output can't be written: \(reason)", code: TailExit.network)
            }
        }
    }

    private func waitUntilWritable() throws(TailEnd) {
        var watched = [
            pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&watched, 2, -1)
        if watched[0].revents == 0, watched[1].revents != 0 { throw .interrupted }
    }

    var isClosed: Bool {
        var watched = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&watched, 1, 0) > 0 && watched.revents & Int16(POLLERR | POLLHUP) != 0
    }
}
