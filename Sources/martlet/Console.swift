import Core
import Glibc

/// What is said to the one who has typed the command.
enum Console {
    private static let output = LineWriter(descriptor: 1)

    /// One line on standard output, by a server: nobody need read it.
    static func tell(_ line: String) { output.add(Array((line + "\n").utf8)) }

    /// Text on standard output, by a command whose work that is: it waits for its reader.
    static func say(_ text: String) {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var watched = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
                _ = poll(&watched, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }

    static func complain(_ message: String) { Log.output.add(Array("martlet: \(message)\n".utf8)) }

    /// Waits for a moment until what was said has been taken.
    static func flush() {
        output.flush(milliseconds: 200)
        Log.output.flush(milliseconds: 200)
    }
}
