import Glibc
import Testing

@testable import Sidecars

/// A folder of a test's own, which is removed with it.
final class Scratch {
    let path: String

    init(_ name: String) throws {
        path = "/tmp/martlet-\(name)-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try #require(mkdir(path, 0o700) == 0)
        // Another test may have an umask of its own.
        chmod(path, 0o755)
    }

    deinit { _ = try? ChildProcess.run(["rm", "-rf", path], Account.current, in: "/", seconds: 10, Patience()) }

    func status(_ name: String) -> stat {
        var status = stat()
        lstat(path + "/" + name, &status)
        return status
    }

    func mode(_ name: String) -> mode_t { status(name).st_mode & 0o7777 }

    /// A file, with an owner where root makes it.
    func write(_ name: String, _ text: String, owner: uid_t? = nil) throws {
        try Files.write(path + "/" + name, Array(text.utf8), mode: 0o600)
        if let owner { chown(path + "/" + name, owner, owner) }
    }

    func makeFolder(_ name: String, mode: mode_t = 0o700, owner: uid_t? = nil) throws {
        let made = mkdir(path + "/" + name, 0o700) == 0
        try #require(made || errno == EEXIST)
        if made { chmod(path + "/" + name, mode) }
        if let owner { chown(path + "/" + name, owner, owner) }
    }

    func link(_ name: String, to target: String) { symlink(target, path + "/" + name) }

    func text(_ name: String) -> String? { Files.read(path + "/" + name).map { String(decoding: $0, as: UTF8.self) } }
}
