import Glibc
import HTTPClient

/// A text that is read to its end, not more of it than a post can hold.
struct StandardInput {
    /// Of UTF-8: 5,000 characters have fewer.
    static let mostBytes = 65_536
    let descriptor: Int32
    let interrupt: Interrupt

    func text() throws(TailEnd) -> String {
        var bytes: [UInt8] = []
        while true {
            var watched = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&watched, 2, -1)
            if watched[1].revents != 0 { throw .interrupted }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count >= 0 else {
                throw .failed("the text can't be read: \(String(cString: strerror(errno)))", code: TailExit.network)
            }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= Self.mostBytes else {
                throw .failed("the text is longer than a post can be", code: TailExit.network)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .failed("the text is not UTF-8", code: TailExit.network)
        }
        return text
    }
}
