import Glibc

/// The few things that are done with files.
public enum Files {
    /// What is in a file; `nil` where there is none, or what can't be read, is longer, is a link or no file.
    public static func read(_ path: String, limit: Int = 1 << 22) -> [UInt8]? {
        // There may be anything: a FIFO would hold us up.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.isFile else { return nil }
        return read(descriptor, limit: limit)
    }

    /// What is in an open file from its position on; `nil` where it can't be read, or is longer.
    static func read(_ descriptor: Int32, limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
        return nil
    }

    /// Writes the whole file or throws; a reader sees the old or the new one, and no link is followed.
    /// - Parameter owner: whose it is, where a root who stays root writes it, as tests do.
    public static func write(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644, owner: Account? = nil) throws {
        let draft = path + ".new"
        // What was left of another attempt, or put there.
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure("\(path) can't be written: \(error)") }
        defer { close(descriptor) }
        // Whatever the umask.
        fchmod(descriptor, mode)
        if let owner, Privileges.areRoots { fchown(descriptor, owner.uid, owner.gid) }
        guard write(bytes, to: descriptor), fsync(descriptor) == 0, rename(draft, path) == 0 else {
            let failure = Failure("\(path) can't be written: \(error)")
            unlink(draft)
            throw failure
        }
    }

    /// - Returns: false, with `errno`, where not all of it could be written.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Behind links.
    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func linkTarget(_ path: String, in folder: Int32 = AT_FDCWD) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes {
            readlinkat(folder, path, $0.bindMemory(to: CChar.self).baseAddress!, $0.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// What is in a folder; nothing in one that can't be read.
    public static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }

    /// Makes what was renamed in a folder last.
    static func sync(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// The path behind links, of which the end need not exist yet.
    public static func resolvedAsFarAsItExists(_ path: String) -> String {
        var parts = path.split(separator: "/")
        var missing: [Substring] = []
        while true {
            let known = "/" + parts.joined(separator: "/")
            if exists(known) || parts.isEmpty {
                return ([known.resolved] + missing.reversed().map(String.init)).joined(separator: "/")
                    .replacing("//", with: "/")
            }
            missing.append(parts.removeLast())
        }
    }

    public static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return path }
        let folder = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        return path == "." ? folder : folder + "/" + path
    }

    /// The last lines of a log, for an error message.
    public static func tail(_ path: String, lines: Int = 10) -> String {
        guard let bytes = read(path, limit: 1 << 26) else { return "(no log at \(path))" }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    private static var error: String { String(cString: strerror(errno)) }
}
