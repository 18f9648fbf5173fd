import Glibc

/// A file with the number of a server's process. It outlives the process, so it is believed only where the command line
/// of that process agrees.
enum PidFile {
    /// The process, or `nil` where it is none of this program.
    /// - Parameters:
    ///   - program: the name of the program, without its folder.
    ///   - path: what it serves, which is part of its command line.
    static func process(_ file: String, program: String, path: String) -> pid_t? {
        guard let bytes = Files.read(file, limit: 4096),
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first,
            let pid = pid_t(line.filter { $0 != " " }), pid > 1,
            let command = Files.read("/proc/\(pid)/cmdline")
        else { return nil }
        let text = String(decoding: command, as: UTF8.self)
        // Redis makes one word of its own: `redis-server unixsocket:` and the path.
        let words = text.split { $0 == "\0" || $0 == " " }
        guard let first = words.first, first == program || first.hasSuffix("/" + program) else { return nil }
        return ["\0", ":"].contains { text.contains($0 + path + "\0") } ? pid : nil
    }
}
