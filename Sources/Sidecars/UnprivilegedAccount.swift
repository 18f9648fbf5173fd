import Core
import Glibc

/// PostgreSQL refuses to run as root, and Redis need not: then both run as an account of the system.
struct UnprivilegedAccount: Sendable {
    /// `nil` when this process isn't root: then they run as its own user.
    let name: String?
    let uid: uid_t
    let gid: gid_t
    let home: String

    static func find() throws -> UnprivilegedAccount {
        guard getuid() == 0 else {
            let home = getpwuid(getuid()).map { String(cString: $0.pointee.pw_dir) }
            return UnprivilegedAccount(name: nil, uid: getuid(), gid: getgid(), home: home ?? "/")
        }
        for name in ["martlet", "postgres", "nobody"] {
            if let entry = getpwnam(name)?.pointee {
                return UnprivilegedAccount(
                    name: name, uid: entry.pw_uid, gid: entry.pw_gid, home: String(cString: entry.pw_dir))
            }
        }
        throw Failure("no account for the private servers: make a user martlet")
    }

    /// The words that run a command as this account.
    /// - Parameter diesWithUs: killed when this process is: for what runs to its end.
    func command(_ arguments: [String], diesWithUs: Bool) -> [String] {
        var words = ["setpriv"]
        if name != nil { words += ["--reuid=\(uid)", "--regid=\(gid)", "--clear-groups"] }
        if diesWithUs { words += ["--pdeathsig", "KILL"] }
        return words.count == 1 ? arguments : words + ["--"] + arguments
    }
}
