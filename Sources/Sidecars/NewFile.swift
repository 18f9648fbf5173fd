import Glibc

/// A file that is opened before the process gives root's rights up, and written afterwards. Nobody but its owner can read it.
public final class NewFile: Sendable {
    public let path: String
    private let descriptor: Int32

    /// Makes it empty, in the place of a file or link of this name.
    /// - Parameter path: absolute.
    /// - Throws: where its folder can't be written to, or, for root, is behind others' links.
    public init(_ path: String) throws {
        self.path = path
        let parts = path.split(separator: "/")
        guard let name = parts.last.map(String.init) else { throw Failure("\(path) is a folder") }
        let folder = try Folder.open("/" + parts.dropLast().joined(separator: "/"), makes: false)
        unlinkat(folder.descriptor, name, 0)
        descriptor = openat(
            folder.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure }
        // Whatever the umask.
        fchmod(descriptor, 0o600)
    }

    deinit { close(descriptor) }

    public func write(_ bytes: [UInt8]) throws {
        guard Files.write(bytes, to: descriptor), fsync(descriptor) == 0 else { throw failure }
    }

    private var failure: Failure { Failure("\(path) can't be written: \(String(cString: strerror(errno)))") }
}
