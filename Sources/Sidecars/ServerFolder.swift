import Core
import Glibc

/// The folder of one private server: the account's own, wherever the account can get to.
struct ServerFolder: Sendable {
    /// In the data folder; perhaps a link.
    private let path: String
    private let account: UnprivilegedAccount
    /// Where it lies instead when the account can't get to the data folder.
    private let common: String

    init(_ path: String, _ account: UnprivilegedAccount, common: String = "/var/lib/martlet") {
        self.path = path
        self.account = account
        self.common = common
    }

    /// Where it really is, for programs of the account, which may not be able to follow the link.
    var resolved: String { path.resolved }

    /// Makes it where it is missing. Each step asks whether it is done: the process may have been killed after any.
    func prepare(_ patience: Patience) throws {
        if let target = Files.linkTarget(path), !Files.exists(path) {
            // Somebody has removed what the link names.
            try makeOwn(target)
        } else if !Files.exists(path) {
            try makeOwn(path)
        }
        guard account.name != nil else { return }
        try own(resolved)
        if try isReachable(patience) { return }
        try moveAway()
        guard try isReachable(patience) else { throw unreachable }
    }

    private func isReachable(_ patience: Patience) throws -> Bool {
        try ChildProcess.run(["test", "-w", resolved], account, in: "/", seconds: 10, patience).status == 0
    }

    /// A folder below the common one, with a link in its place. A name of its own: the same path may be another data
    /// folder one day.
    private func moveAway() throws {
        try Files.makeFolder(common)
        // Ours, and for all accounts to pass through, whatever umask it was made under.
        chmod(common, 0o755)
        let other = common + "/" + String(UInt64.random(in: .min ... .max), radix: 36)
        try makeOwn(other)
        guard rmdir(path) == 0, symlink(other, path) == 0 else {
            rmdir(other)
            throw unreachable
        }
        Log.info("data lies elsewhere", ["link": .text(path), "folder": .text(other)])
    }

    private var unreachable: Failure {
        Failure(
            "\(path) can't be reached by the account \(account.name ?? "of this process"): choose another MARTLET_DATA")
    }

    private func makeOwn(_ folder: String) throws {
        try Files.makeFolder(folder, mode: 0o700)
        try own(folder)
    }

    private func own(_ folder: String) throws {
        guard account.name != nil else { return }
        guard lchown(folder, account.uid, account.gid) == 0 else {
            throw Failure(
                "\(folder) can't be given to the account \(account.name!): \(String(cString: strerror(errno)))")
        }
    }
}

extension String {
    /// The path behind links.
    public var resolved: String {
        guard let path = realpath(self, nil) else { return self }
        defer { free(path) }
        return String(cString: path)
    }
}
