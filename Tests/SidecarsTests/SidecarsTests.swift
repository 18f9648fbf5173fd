import Core
import Glibc
import Testing

@testable import Sidecars

@Suite(.serialized) struct SidecarsTests {
    private static let folder = "/tmp/martlet-sidecars-\(getpid())"
    /// A process with the rights of this one.
    private static let account = Account.current

    private func run(_ arguments: String..., seconds: Int = 10, patience: Patience = Patience()) throws
        -> ChildProcess.Result
    {
        try ChildProcess.run(arguments, Self.account, in: "/", seconds: seconds, patience)
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test func childrenGetAnEnvironmentThatIsBuilt() throws {
        setenv("PGSERVICE", "nosuch", 1)
        setenv("LD_LIBRARY_PATH", "/nowhere", 1)
        defer {
            unsetenv("PGSERVICE")
            unsetenv("LD_LIBRARY_PATH")
        }
        let names = Set(try run("env").output.split(separator: "\n").map { String($0.split(separator: "=")[0]) })
        #expect(names == ["PATH", "HOME", "LANG", "LC_ALL"])
    }

    @Test func childrenHaveNoDescriptorsOfOurs() throws {
        let held = open("/dev/null", O_RDONLY)
        defer { close(held) }
        #expect(try run("ls", "/proc/self/fd").output.split(separator: "\n").filter { $0 > "2" } == ["3"])
    }

    @Test func aChildThatDoesNotEndIsKilled() throws {
        #expect(throws: Failure.self) { try run("sleep", "1000.5", seconds: 0) }
        let patience = Patience()
        patience.end()
        #expect(throws: Interrupted.self) { try run("sleep", "1000.5", patience: patience) }
        #expect(try run("pgrep", "-f", "^sleep 1000.5").output == "")
    }

    @Test func withoutAStatusAChildHasFailed() throws {
        signal(SIGCHLD, SIG_IGN)
        defer { signal(SIGCHLD, SIG_DFL) }
        #expect(throws: Failure.self) { try run("true") }
    }

    @Test func whatIsMissingIsNamed() throws {
        let ended = try run("/nowhere/initdb")
        #expect(ended.status == 127 && ended.output.contains("/nowhere/initdb"))
    }

    @Test(arguments: [0o022, 0o077, 0o777] as [mode_t]) func foldersHaveModesOfTheirOwn(_ mask: mode_t) throws {
        let old = umask(mask)
        defer {
            umask(old)
            _ = try? run("rm", "-rf", Self.folder)
        }
        _ = try Folder.open(Self.folder + "/a", makes: true).make("b", mode: 0o700)
        #expect(mode(Self.folder) == 0o755 && mode(Self.folder + "/a") == 0o755)
        #expect(mode(Self.folder + "/a/b") == 0o700)
        try Files.write(Self.folder + "/a/secret", [1], mode: 0o600)
        #expect(mode(Self.folder + "/a/secret") == 0o600)
    }

    @Test func aFileIsNoFolder() {
        #expect(throws: Failure.self) { try Folder.open("/dev/null", makes: true) }
        #expect(throws: Failure.self) { try Folder.open("/dev/null/a", makes: true) }
    }

    @Test func aPathIsQuotedForLibpq() {
        #expect(
            PrivateServers.places(in: "/tmp/it's \\ here").postgresURL()
                == #"host='/tmp/it\'s \\ here/postgres' port=5432 user=martlet dbname=martlet"#)
    }

    @Test(arguments: [
        ("/tmp/" + String(repeating: "a", count: 79), nil),
        ("/tmp/" + String(repeating: "a", count: 80), "85 bytes as an absolute path, a Unix socket in it allows 84"),
        ("/tmp/a,b", "a comma in the path"), ("/tmp/a\nb", "a control character in the path"),
        ("/tmp/a b'c\"d\\e%f$g", nil),
    ])
    func foldersThatCanNotBeUsedAreNamed(_ folder: String, _ problem: String?) {
        #expect(PrivateServers.problem(withFolder: folder) == problem)
    }
}
