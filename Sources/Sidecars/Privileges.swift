import CGlibc
import Glibc

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
