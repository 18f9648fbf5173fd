import CGlibc
import Glibc

/// A server on a Unix socket. Who listens there is asked of the kernel: a pid file may name a process that has nothing
/// to do with it any more. Nothing here waits for a server that hangs.
enum UnixSocket {
    /// Of a path, without the zero at its end.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    private enum Connection {
        case open(Int32)
        /// Somebody listens, but takes no more connections; or it can't be told.
        case unknown
        case nobody
    }

    /// Whether somebody listens. Also true when it can't be told: a second server would do more harm than none.
    static func answers(_ path: String) -> Bool {
        switch connection(path) {
        case .open(let descriptor):
            close(descriptor)
            return true
        case .unknown: return true
        case .nobody: return false
        }
    }

    /// The process that listens; `nil` when nobody does, or when it takes no more connections.
    static func server(_ path: String) -> pid_t? {
        withConnection(path) { descriptor in
            let peer = martlet_peer(descriptor)
            return peer > 0 ? peer : nil
        }
    }

    /// Sends a line and returns the first of what comes back; `nil` when nothing does within the time.
    static func ask(_ path: String, _ line: String, milliseconds: Int32) -> String? {
        withConnection(path) { descriptor in
            let bytes = Array((line + "\r\n").utf8)
            guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return nil }
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, milliseconds) > 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }

    private static func withConnection<R>(_ path: String, _ body: (Int32) -> R?) -> R? {
        guard case .open(let descriptor) = connection(path) else { return nil }
        defer { close(descriptor) }
        return body(descriptor)
    }

    /// A blocking `connect` waits for as long as the listener's queue is full, which is for ever when it hangs.
    private static func connection(_ path: String) -> Connection {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count <= longestPath else { return .nobody }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(AF_UNIX, Int32(kind), 0)
        guard descriptor >= 0 else { return .unknown }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if status == 0 { return .open(descriptor) }
        let reason = errno
        close(descriptor)
        // What this account may not connect to, in a folder of its own, is no server of its own.
        return [ENOENT, ENOTDIR, ECONNREFUSED, EPROTOTYPE, EACCES].contains(reason) ? .nobody : .unknown
    }
}
