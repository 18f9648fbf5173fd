import Glibc

/// The few things that are done with files.
public enum Files {
    public static func read(_ path: String, limit: Int = 1 << 22) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
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

    /// Writes the whole file or throws; a reader sees the old or the new one.
    public static func write(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws {
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure("\(path) can't be written: \(error)") }
        // Whatever the umask, and the mode of a draft that was left.
        fchmod(descriptor, mode)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                close(descriptor)
                throw Failure("\(path) can't be written: \(error)")
            }
            rest = rest.dropFirst(count)
        }
        fsync(descriptor)
        close(descriptor)
        guard rename(draft, path) == 0 else { throw Failure("\(path) can't be written: \(error)") }
    }

    /// Behind links.
    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    /// Makes the folder and those above it, each with this mode whatever the umask; those above can be passed through by
    /// everybody. Folders that exist stay as they are.
    public static func makeFolder(_ path: String, mode: UInt32 = 0o755) throws {
        var made = path.hasPrefix("/") ? "/" : ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            made += (index > 0 ? "/" : "") + part
            if mkdir(made, 0o700) == 0 {
                chmod(made, index == parts.count - 1 ? mode : 0o755)
                continue
            }
            let failure = Failure("\(made) can't be made: \(error)")
            if !isFolder(made) { throw failure }
        }
    }

    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes {
            readlink(path, $0.bindMemory(to: CChar.self).baseAddress!, $0.count)
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
