import Core
import Glibc

/// Which account runs the private servers.
public enum ServerAccount {
    /// Root's stand-in: an account that has nothing but Martlet's files.
    private static let name = "martlet"

    /// That of this process; Martlet's own where that is root, and made where it is missing.
    public static func find() throws -> Account {
        guard geteuid() == 0 else { return .current }
        let known = Account.named(name)
        // Before one is made: any other number will do.
        try Privileges.check(known?.uid ?? 1)
        let account = try known ?? make()
        guard account.uid != 0 else { throw Failure("the account \(name) is root: Martlet needs one without rights") }
        return account
    }

    private static func make() throws -> Account {
        Log.info("making a system account", ["name": .text(name)])
        // The same words as in scripts/setup.
        let words = [
            "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell",
            "/usr/sbin/nologin", name,
        ]
        var said = ""
        // Another start may be making it, with the system's list of accounts locked.
        let isThere = try Patience().wait(seconds: 10) {
            if Account.named(name) != nil { return true }
            do {
                said = try ChildProcess.run(words, .current, in: "/", seconds: 30, Patience()).output
            } catch let failure as Failure {
                throw Failure(hint(failure.description))
            }
            if Account.named(name) != nil { return true }
            // It waits for nobody where the lists can't be changed at all.
            guard said.contains("try again later"), access("/etc", W_OK) == 0 else { throw Failure(hint(said)) }
            usleep(100_000)
            return false
        }
        guard isThere, let account = Account.named(name) else { throw Failure(hint(said)) }
        return account
    }

    private static func hint(_ reason: String) -> String {
        "root runs Martlet as the account \(name), which can't be made: \(reason)\nMake it (useradd --system \(name)), "
            + "or start Martlet as an ordinary user"
    }
}
