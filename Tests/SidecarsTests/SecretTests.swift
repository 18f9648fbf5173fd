import Glibc
import Testing

@testable import Sidecars

@Suite struct SecretTests {
    private static let good = "a secret of more than thirty-two bytes"
    private let scratch: Scratch
    private let folder: DataFolder

    init() throws {
        scratch = try Scratch("secret")
        folder = try DataFolder(scratch.path, for: .current, makes: false)
    }

    @Test func itIsMadeOnce() throws {
        #expect(try folder.secret() == nil)
        // What a start that was killed has left, or somebody has put there.
        try scratch.write("victim", "untouched")
        scratch.link("secret.new", to: scratch.path + "/victim")
        try folder.make(secret: Array(Self.good.utf8))
        #expect(try folder.secret() == Array(Self.good.utf8))
        #expect(scratch.mode("secret") == 0o600 && scratch.text("victim") == "untouched")
        #expect(Set(Files.names(in: scratch.path)) == [".", "..", "secret", "victim"])
        #expect(throws: Failure.self) { try folder.make(secret: Array(repeating: 1, count: 32)) }
        #expect(scratch.text("secret") == Self.good)
    }

    @Test(arguments: [
        "", "short", String(repeating: "\0", count: 64), String(repeating: "x", count: 64),
        String(repeating: good, count: 200),
    ]) func whatIsNoSecretIsNamedAndKept(_ text: String) throws {
        try scratch.write("secret", text)
        let failure = #expect(throws: Failure.self) { try folder.secret() }
        #expect(failure?.description.hasPrefix(scratch.path + "/secret can't be used: ") == true)
        #expect(text.isEmpty || failure?.description.contains(text) == false)
        #expect(scratch.text("secret") == text)
    }

    @Test func aLinkLeadsToTheSecret() throws {
        try scratch.makeFolder("..data")
        try scratch.write("..data/secret", Self.good)
        scratch.link("secret", to: "..data/secret")
        #expect(try folder.secret() == Array(Self.good.utf8))
        unlink(scratch.path + "/..data/secret")
        #expect(throws: Failure.self) { try folder.secret() }
    }

    @Test(.enabled(if: getuid() == 0, "root's part")) func rootFollowsItsOwnLinksOnly() throws {
        try scratch.write("elsewhere", Self.good)
        scratch.link("secret", to: scratch.path + "/elsewhere")
        lchown(scratch.path + "/secret", 1, 1)
        let failure = #expect(throws: Failure.self) { try folder.secret() }
        #expect(failure?.description.contains("a link that is not root's") == true)
        unlink(scratch.path + "/secret")
        // A link to a link.
        scratch.link("again", to: scratch.path + "/elsewhere")
        scratch.link("secret", to: "again")
        #expect(throws: Failure.self) { try folder.secret() }
    }

    @Test func aFolderAPipeAreNoSecret() throws {
        try scratch.makeFolder("secret")
        #expect(throws: Failure.self) { try folder.secret() }
        rmdir(scratch.path + "/secret")
        #expect(mkfifo(scratch.path + "/secret", 0o600) == 0)
        #expect(throws: Failure.self) { try folder.secret() }
    }

    @Test(.enabled(if: getuid() != 0, "root reads everything")) func oneThatCanNotBeReadIsNamed() throws {
        try scratch.write("secret", Self.good)
        chmod(scratch.path + "/secret", 0)
        let failure = #expect(throws: Failure.self) { try folder.secret() }
        #expect(failure?.description.contains("Permission denied") == true)
        #expect(throws: Failure.self) { try folder.make(secret: Array(Self.good.utf8)) }
    }
}

/// What is read and written by its path.
@Suite struct FilesTests {
    @Test func noLinkIsFollowed() throws {
        let scratch = try Scratch("files")
        try scratch.write("victim", "untouched")
        scratch.link("link", to: scratch.path + "/victim")
        #expect(scratch.text("link") == nil)
        // Into a link's place, and with a draft that is a link.
        scratch.link("link.new", to: scratch.path + "/victim")
        try scratch.write("link", "new")
        #expect(scratch.text("link") == "new" && scratch.text("victim") == "untouched")
        #expect(Files.tail(scratch.path + "/link.new").hasPrefix("(no log"))
    }

    @Test(.timeLimit(.minutes(1))) func whatIsNoFileHoldsNobodyUp() throws {
        let scratch = try Scratch("pipe")
        #expect(mkfifo(scratch.path + "/pipe", 0o600) == 0)
        #expect(scratch.text("pipe") == nil && Files.read("/dev/zero") == nil)
    }

    @Test func whatIsLoggedGoesBehindNoLink() throws {
        let scratch = try Scratch("log")
        scratch.link("log", to: scratch.path + "/victim")
        #expect(throws: Failure.self) {
            try ChildProcess.launch(["true"], Account.current, in: "/", log: scratch.path + "/log")
        }
        #expect(scratch.status("victim").st_mode == 0)
    }
}
