import Glibc
import Testing

@testable import Sidecars

/// Root among folders that others can change: it needs accounts that can't get to a folder, so root.
@Suite(.enabled(if: getuid() == 0, "root's part")) struct DataFolderTests {
    private let scratch: Scratch
    private let account: Account
    private let common: String
    private let nobody = Account.named("nobody")!.uid
    private let stranger = Account.named("daemon")!.uid

    init() throws {
        scratch = try Scratch("folder")
        account = try ServerAccount.find()
        common = scratch.path + "/common"
    }

    private func folder(_ kind: PrivateServerKind = .redis) throws -> String {
        let data = try DataFolder(scratch.path + "/data", for: account, makes: true)
        return try data.folder(of: kind, Patience(), common: common)
    }

    @Test func aNewFolderIsTheAccounts() throws {
        for _ in 0..<2 { #expect(try folder() == scratch.path + "/data/redis") }
        #expect(scratch.status("data").st_uid == 0 && scratch.mode("data") == 0o755)
        #expect(scratch.status("data/redis").st_uid == account.uid && scratch.mode("data/redis") == 0o700)
    }

    /// The data folder is closed, so it is in a common one, which an umask may have closed.
    @Test(arguments: [0o755, 0o700] as [mode_t]) func theCommonFolderIsForAllToPassThrough(_ before: mode_t) throws {
        try scratch.makeFolder("data")
        chmod(scratch.path + "/data", 0o700)
        try scratch.makeFolder("common", mode: before)
        for _ in 0..<2 {
            let place = try folder(.postgres)
            #expect(scratch.mode("common") == 0o755)
            #expect(place.hasPrefix(common + "/"))
            let name = "common/" + place.dropFirst(common.count + 1)
            #expect(scratch.status(name).st_uid == account.uid && scratch.mode(name) == 0o700)
            #expect(Files.names(in: common).count == 3)
        }
    }

    @Test func aCommonFolderOfOthersIsNotUsed() throws {
        try scratch.makeFolder("data")
        try scratch.makeFolder("common", mode: 0o755, owner: stranger)
        #expect(throws: Failure.self) { try folder() }
        #expect(Files.names(in: common).count == 2)
    }

    @Test func aDataFolderOfOthersIsNotUsed() throws {
        try scratch.makeFolder("data", mode: 0o755, owner: stranger)
        let failure = #expect(throws: Failure.self) { try folder() }
        #expect(failure?.description.contains("belongs to daemon") == true)
        chown(scratch.path + "/data", 0, 0)
        chmod(scratch.path + "/data", 0o1777)
        #expect(throws: Failure.self) { try folder() }
        #expect(Files.names(in: scratch.path + "/data").count == 2)
        // A link that a stranger could have made leads to it.
        chmod(scratch.path + "/data", 0o755)
        scratch.link("other", to: scratch.path + "/data")
        _ = try DataFolder(scratch.path + "/other/.", for: account, makes: false)
        lchown(scratch.path + "/other", stranger, stranger)
        #expect(throws: Failure.self) { try DataFolder(scratch.path + "/other/.", for: account, makes: false) }
    }

    /// What a link names is given to nobody, also when it is of an earlier version's account.
    @Test func nothingIsGivenAwayBehindALink() throws {
        for owner in [0, nobody, stranger] {
            try scratch.makeFolder("victim", mode: 0o755, owner: owner)
            try scratch.makeFolder("data", mode: 0o755)
            unlink(scratch.path + "/data/redis")
            scratch.link("data/redis", to: scratch.path + "/victim")
            let failure = #expect(throws: Failure.self) { try folder() }
            #expect(failure?.description.contains("behind a link") == true)
            #expect(failure?.description.contains("chown -R \(account.name): \(scratch.path)/victim") == true)
            #expect(scratch.status("victim").st_uid == owner)
        }
        // An operator has made it for the account, on another disk.
        chown(scratch.path + "/victim", account.uid, account.gid)
        #expect(try folder() == scratch.path + "/victim")
    }

    @Test func aServersFolderOfOthersIsNotTaken() throws {
        try scratch.makeFolder("data", mode: 0o755)
        try scratch.makeFolder("data/redis", owner: stranger)
        let failure = #expect(throws: Failure.self) { try folder() }
        #expect(failure?.description.contains("belongs to daemon") == true)
        #expect(scratch.status("data/redis").st_uid == stranger)
    }

    // MARK: Folders of earlier versions

    private func makeFormer() throws {
        try scratch.makeFolder("data", mode: 0o755)
        try scratch.makeFolder("data/redis", owner: nobody)
        try scratch.makeFolder("data/redis/inner", owner: nobody)
        try scratch.write("data/redis/inner/file", "x", owner: nobody)
        // Root opened the logs.
        try scratch.write("data/redis/redis.log", "x")
        // After a loss of power: nobody listens there.
        let path = scratch.path + "/data/redis/redis.sock"
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        try withUnsafePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try #require(bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0)
            }
        }
        close(descriptor)
        chown(path, nobody, nobody)
    }

    @Test func filesOfAnEarlierVersionChangeHands() throws {
        try makeFormer()
        #expect(try folder() == scratch.path + "/data/redis")
        for name in ["", "/inner", "/inner/file", "/redis.log", "/redis.sock"] {
            #expect(scratch.status("data/redis" + name).st_uid == account.uid, "\(name)")
        }
    }

    /// An earlier version that ran its servers as `martlet` gave it the folder only, and root opened the logs.
    @Test(arguments: [false, true]) func whatIsInAFolderOfTheAccountsChangesHands(isBehindALink: Bool) throws {
        try makeFormer()
        try scratch.write("data/redis/other's", "x", owner: stranger)
        chown(scratch.path + "/data/redis", account.uid, account.gid)
        if isBehindALink {
            rename(scratch.path + "/data/redis", scratch.path + "/disk")
            scratch.link("data/redis", to: scratch.path + "/disk")
        }
        let place = isBehindALink ? "disk" : "data/redis"
        #expect(try folder() == scratch.path + "/" + place)
        for name in ["", "/inner", "/inner/file", "/redis.log", "/redis.sock"] {
            #expect(scratch.status(place + name).st_uid == account.uid, "\(name)")
        }
        #expect(scratch.status(place + "/other's").st_uid == stranger)
    }

    /// The account of the earlier version has put links to root's and to others' files there.
    @Test func noLinkIsFollowed() throws {
        try makeFormer()
        try scratch.write("root's", "x")
        try scratch.makeFolder("victim", mode: 0o755)
        try scratch.write("victim/file", "x")
        try scratch.write("data/redis/other's", "x", owner: stranger)
        scratch.link("data/redis/file", to: scratch.path + "/root's")
        scratch.link("data/redis/inner/folder", to: scratch.path + "/victim")
        _ = try folder()
        for name in ["root's", "victim", "victim/file"] { #expect(scratch.status(name).st_uid == 0, "\(name)") }
        #expect(scratch.status("data/redis/other's").st_uid == stranger)
    }

    /// A second name of root's file is no link that the kernel could refuse.
    @Test func aFileWithASecondNameIsNotGivenAway() throws {
        try makeFormer()
        try scratch.write("root's", "x")
        #expect(link(scratch.path + "/root's", scratch.path + "/data/redis/inner/again") == 0)
        let failure = #expect(throws: Failure.self) { try folder() }
        #expect(failure?.description.contains("second name") == true)
        #expect(scratch.status("root's").st_uid == 0)
        // The move was cut short, and is done again.
        unlink(scratch.path + "/data/redis/inner/again")
        _ = try folder()
        #expect(scratch.status("data/redis").st_uid == account.uid)
    }

    // MARK: The lock

    @Test func noLinkIsLocked() throws {
        try scratch.makeFolder("data", mode: 0o755)
        scratch.link("data/lock", to: scratch.path + "/made")
        #expect(throws: Failure.self) { try DataFolder(scratch.path + "/data", for: account, makes: true).lock() }
        #expect(scratch.status("made").st_mode == 0)
    }
}
