import CGlibc
import Core
import Glibc

/// Who runs `serve` and its private servers.
public struct Account: Sendable, Equatable {
    /// As the system has it; a number where it has none.
    public let name: String
    let uid: uid_t
    let gid: gid_t

    /// Root's stand-in: an account that has nothing but Martlet's files.
    public static let own = "martlet"
    /// What earlier versions took when root started them, and what their folders belong to.
    static let former = ["postgres", "nobody"]

    /// The numbers of those that the system has.
    static var formers: Set<uid_t> { Set(former.compactMap { named($0)?.uid }) }

    /// The account of this process.
    public static var current: Account { Account(uid: geteuid(), gid: getegid()) }

    /// The account with this number; its groups are that of the system's entry, or `gid` where there is none.
    init(uid: uid_t, gid: gid_t) {
        let entry = getpwuid(uid)?.pointee
        self.init(name: entry.map { String(cString: $0.pw_name) } ?? "\(uid)", uid: uid, gid: entry?.pw_gid ?? gid)
    }

    /// Whether the system has an entry of it, and so may know more groups.
    var isKnown: Bool { getpwuid(uid) != nil }

    private init(name: String, uid: uid_t, gid: gid_t) {
        self.name = name
        self.uid = uid
        self.gid = gid
    }

    /// The account of this name, or `nil`.
    public static func named(_ name: String) -> Account? {
        getpwnam(name).map { Account(name: name, uid: $0.pointee.pw_uid, gid: $0.pointee.pw_gid) }
    }

    /// The one that runs the servers: of this process; Martlet's own where that is root, and made where it is missing.
    public static func forServers() throws -> Account {
        guard geteuid() == 0 else { return current }
        let known = named(own)
        // Before one is made: any other number will do.
        try Privileges.check(known?.uid ?? 1)
        let account = try known ?? make()
        guard account.uid != 0 else { throw Failure("the account \(own) is root: Martlet needs one without rights") }
        return account
    }

    private static func make() throws -> Account {
        Log.info("making a system account", ["name": .text(own)])
        // The same words as in scripts/setup.
        let words = [
            "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell",
            "/usr/sbin/nologin", own,
        ]
        var said = ""
        // Another start may be making it, with the system's list of accounts locked.
        let isThere = try Patience().wait(seconds: 10) {
            if named(own) != nil { return true }
            do {
                said = try ChildProcess.run(words, current, in: "/", seconds: 30, Patience()).output
            } catch let failure as Failure {
                throw Failure(hint(failure.description))
            }
            if named(own) != nil { return true }
            // It waits for nobody where the lists can't be changed at all.
            guard said.contains("try again later"), access("/etc", W_OK) == 0 else { throw Failure(hint(said)) }
            usleep(100_000)
            return false
        }
        guard isThere, let account = named(own) else { throw Failure(hint(said)) }
        return account
    }

    private static func hint(_ reason: String) -> String {
        "root runs Martlet as the account \(own), which can't be made: \(reason)\nMake it (useradd --system \(own)), "
            + "or start Martlet as an ordinary user"
    }
}

/// What root gives up.
public enum Privileges {
    public static var areRoots: Bool { geteuid() == 0 }

    /// Call it before there is a second thread: the kernel keeps this for each thread by itself.
    public static func forbidNew() {
        if areRoots { _ = martlet_forbid_new_privileges() }
    }

    /// Whether root can give its rights up at all, known before anything is made. A container may have a root who can't:
    /// one without CAP_SETUID and CAP_SETGID, or without other users.
    /// - Parameter uid: somebody to become for a moment.
    static func check(_ uid: uid_t) throws {
        let count = getgroups(0, nil)
        var groups = [gid_t](repeating: 0, count: Int(max(count, 0)))
        guard getgroups(count, &groups) == count, setgroups(groups.count, groups) == 0,
            martlet_can_become(uid, gid_t(uid)) != 0
        else {
            throw Failure("root can't become another user: \(reason); start Martlet as an ordinary user")
        }
    }

    private static var reason: String { String(cString: strerror(errno)) }

    /// Becomes the account, for good: all threads of the process, with the account's groups and no capability. Does nothing
    /// where the process isn't root's, or is to stay so. Environment and memory can't be read by the account's other processes afterwards.
    public static func drop(to account: Account) throws {
        guard areRoots, account.uid != 0 else { return }
        // What programs and libraries look for at home is root's.
        setenv("HOME", "/nonexistent", 1)
        setenv("USER", account.name, 1)
        setenv("LOGNAME", account.name, 1)
        let hasGroups = account.isKnown ? initgroups(account.name, account.gid) : setgroups(0, nil)
        guard hasGroups == 0, setresgid(account.gid, account.gid, account.gid) == 0,
            setresuid(account.uid, account.uid, account.uid) == 0
        else {
            throw Failure("root can't become the account \(account.name): \(reason); start Martlet as an ordinary user")
        }
        guard setresuid(0, 0, 0) != 0, seteuid(0) != 0 else {
            throw Failure("root became the account \(account.name), but could go back")
        }
        _ = martlet_forbid_looking_in()
    }
}
