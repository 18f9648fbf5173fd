import CGlibc
import Glibc

/// A folder that is held open. What is in it is reached from here and behind no link: a path could be bent meanwhile by
/// whoever owns a part of it.
public final class Folder: Sendable {
    let descriptor: Int32

    init(taking descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// What it is called now.
    var path: String { Files.linkTarget("/proc/self/fd/\(descriptor)") ?? "a folder" }

    var status: stat {
        var status = stat()
        fstat(descriptor, &status)
        return status
    }

    /// Of a link itself; `nil` where there is no such name.
    func status(of name: String) -> stat? {
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
    }

    /// The folder of this name; `nil` with `errno` where there is none, or a link.
    func folder(_ name: String) -> Folder? {
        let found = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        return found >= 0 ? Folder(taking: found) : nil
    }

    /// Makes a folder whatever the umask, and opens it.
    func make(_ name: String, mode: mode_t) throws -> Folder {
        let made = mkdirat(descriptor, name, 0o700) == 0
        guard made || errno == EEXIST, let folder = folder(name) else {
            throw Failure("\(path)/\(name) can't be made: \(reason)")
        }
        if made { fchmod(folder.descriptor, mode) }
        return folder
    }

    /// Whether a regular file has this name.
    public func hasFile(_ name: String) -> Bool { status(of: name)?.isFile == true }

    /// What is in a regular file; `nil` where it is none, can't be read, or has more bytes.
    public func file(_ name: String, limit: Int) -> [UInt8]? {
        // There may be anything: a FIFO would hold us up.
        let found = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard found >= 0 else { return nil }
        defer { close(found) }
        var status = stat()
        guard fstat(found, &status) == 0, status.isFile else { return nil }
        return Files.read(found, limit: limit)
    }

    func linkTarget(_ name: String) -> String? { Files.linkTarget(name, in: descriptor) }

    /// All names but `.` and `..`.
    public var names: [String] { Files.names(in: "/proc/self/fd/\(descriptor)").filter { $0 != "." && $0 != ".." } }

    /// Whether only root can change what is in it.
    public var isRoots: Bool {
        let status = status
        // Root's group has root in it only.
        return status.st_uid == 0 && status.st_mode & (status.st_gid == 0 ? 0o002 : 0o022) == 0
    }

    /// Opens a folder by its absolute path; for root only behind links that are root's: all others could lead anywhere.
    /// - Parameter makes: also makes what is missing, for everybody to pass through.
    public static func open(_ path: String, makes: Bool) throws -> Folder {
        var here = try root()
        var parts = Array(path.split(separator: "/").reversed())
        var links = 0
        while let part = parts.popLast() {
            let name = String(part)
            guard let status = here.status(of: name) else {
                guard makes, errno == ENOENT else { throw Failure("\(here.path)/\(name): \(reason)") }
                here = try here.make(name, mode: 0o755)
                continue
            }
            if status.st_mode & S_IFMT == S_IFLNK, let target = here.linkTarget(name) {
                links += 1
                guard links <= 40, !Privileges.areRoots || status.st_uid == 0 else {
                    throw Failure("\(here.path)/\(name) is a link that is not root's: root does not follow it")
                }
                if target.hasPrefix("/") { here = try root() }
                parts += target.split(separator: "/").reversed()
                continue
            }
            let next = openat(here.descriptor, name, martlet_open_path | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else { throw Failure("\(here.path)/\(name): \(reason)") }
            here = Folder(taking: next)
        }
        let found = openat(here.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard found >= 0 else { throw Failure("\(here.path) can't be read: \(reason)") }
        return Folder(taking: found)
    }

    /// As a place only, as those on the way are: not all can be read.
    private static func root() throws -> Folder {
        let found = Glibc.open("/", martlet_open_path | O_DIRECTORY | O_CLOEXEC)
        guard found >= 0 else { throw Failure("/: \(reason)") }
        return Folder(taking: found)
    }

    private static var reason: String { String(cString: strerror(errno)) }
    private var reason: String { Self.reason }
}

extension stat {
    var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
    var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
    var isSocket: Bool { st_mode & S_IFMT == S_IFSOCK }
    var isFile: Bool { st_mode & S_IFMT == S_IFREG }
}
