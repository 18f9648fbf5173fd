import CGlibc
import Glibc

/// A server on a Unix socket. Who listens there is asked of the kernel: a pid file may name a process that has nothing
/// to do with it any more.
enum UnixSocket {
    /// Of a path, without the zero at its end.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    static func answers(_ path: String) -> Bool { server(path) != nil }

    /// The process that listens, or `nil`.
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
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }

    private static func withConnection<R>(_ path: String, _ body: (Int32) -> R?) -> R? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count <= longestPath else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return status == 0 ? body(descriptor) : nil
    }
}
