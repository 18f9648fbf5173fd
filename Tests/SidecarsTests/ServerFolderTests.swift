import Glibc
import Testing

@testable import Sidecars

/// Needs an account that can't get to a folder, so root.
@Suite(.enabled(if: getuid() == 0)) struct ServerFolderTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    /// The data folder is closed, so it lies in a common one, which an umask may have closed.
    @Test(arguments: [0o755, 0o700] as [UInt32]) func theCommonFolderIsForAllToPassThrough(_ before: UInt32) throws {
        let home = "/tmp/martlet-folder-\(getpid())"
        let account = try UnprivilegedAccount.find()
        try Files.makeFolder(home + "/closed", mode: 0o700)
        try Files.makeFolder(home + "/common", mode: before)
        defer {
            _ = try? ChildProcess.run(
                ["rm", "-rf", home], UnprivilegedAccount(name: nil, uid: 0, gid: 0, home: "/"), in: "/", seconds: 10,
                Patience())
        }
        let folder = ServerFolder(home + "/closed/postgres", account, common: home + "/common")
        for _ in 0..<2 {
            try folder.prepare(Patience())
            #expect(mode(home + "/common") == 0o755)
            #expect(folder.resolved.hasPrefix(home + "/common/") && mode(folder.resolved) == 0o700)
            #expect(Files.names(in: home + "/common").count == 3)
        }
    }
}
