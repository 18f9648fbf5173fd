import CGlibc
import Core
import Glibc

/// The data folder: the lock, the secret, and a folder for each private server.
///
/// It is held open. Where root starts Martlet, it is root's, and root does what is to be done in it; or it is the account's,
/// and root does nothing in it.
public final class DataFolder: Sendable {
    /// Where folders are kept that the account can't get to otherwise.
    public static let common = "/var/lib/martlet"

    /// Absolute.
    public let path: String
    let account: Account
    let folder: Folder

    /// Opens it.
    /// - Parameters:
    ///   - path: absolute.
    ///   - account: who runs the servers.
    ///   - makes: makes it where it is missing.
    /// - Throws: also where root would write into a folder of others.
    public init(_ path: String, for account: Account, makes: Bool) throws {
        self.path = path
        self.account = account
        folder = try Folder.open(path, makes: makes)
        guard Privileges.areRoots, !belongsToAccount, !folder.isRoots else { return }
        let owner = folder.status.st_uid
        throw Failure(
            owner == 0
                ? "\(path) can be written to by others than root: chmod go-w \(path), or choose another MARTLET_DATA"
                : "\(path) belongs to \(Account(uid: owner, gid: 0).name): start Martlet as that user; or, where root "
                    + "has used it before, chown root: \(path); or choose another MARTLET_DATA", exitCode: 2)
    }

    /// Whether it is the account's, and none of root's: then it is used after the drop of privileges.
    public var belongsToAccount: Bool { folder.status.st_uid == account.uid }

    /// Gives root's rights up where the folder is the account's. What root made in it while an earlier version used it is
    /// given away before.
    public func dropWhereItIsTheAccounts() throws {
        guard Privileges.areRoots, belongsToAccount else { return }
        let ownership = Ownership(account: account, formers: [])
        for name in ["lock", "secret"] { try ownership.moveFile(name, in: folder) }
        for kind in [PrivateServerKind.postgres, .redis] {
            if let inner = folder.folder(kind.rawValue), inner.status.st_uid == account.uid {
                try ownership.moveFile(kind.rawValue + ".log", in: inner)
            }
        }
        try Privileges.drop(to: account)
    }

    /// Holds the lock of the one `serve` for this folder, until the process ends.
    public func lock() throws {
        let file = openat(
            folder.descriptor, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure("\(path) can't be written to: \(reason)") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw Failure("another martlet serve uses the data folder \(path)")
        }
    }

    // MARK: The secret

    /// The bytes of the file `secret`, never another one in its place; `nil` where there is none.
    /// - Throws: `Failure` that names the file, where it can't be read or can't be a secret.
    public func secret() throws -> [UInt8]? {
        guard let status = folder.status(of: "secret") else {
            if errno == ENOENT { return nil }
            throw broken(reason)
        }
        let file = status.isLink ? try secretBehindLink(status) : openSecret("secret", in: folder, O_NOFOLLOW)
        guard file >= 0 else { throw broken(errno == ELOOP ? "it is a link" : reason) }
        defer { close(file) }
        var found = stat()
        guard fstat(file, &found) == 0, found.isFile else { throw broken("it is no file") }
        guard let bytes = Files.read(file, limit: 4096) else { throw broken("it has more than 4096 bytes") }
        guard bytes.count >= 32 else { throw broken("it has \(bytes.count) bytes, expected at least 32") }
        guard Set(bytes).count >= 8 else { throw broken("it says nearly nothing, as after a crash of the disk") }
        return bytes
    }

    private func openSecret(_ name: String, in folder: Folder, _ flags: Int32 = 0) -> Int32 {
        openat(folder.descriptor, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags)
    }

    /// Kubernetes mounts a secret as a link. Root follows its own ones only.
    private func secretBehindLink(_ status: stat) throws -> Int32 {
        guard Privileges.areRoots else { return openSecret("secret", in: folder) }
        guard folder.isRoots, status.st_uid == 0, let target = folder.linkTarget("secret") else {
            throw broken("it is a link that is not root's")
        }
        let parts = (target.hasPrefix("/") ? target : path + "/" + target).split(separator: "/")
        let parent: Folder
        do {
            parent = try Folder.open("/" + parts.dropLast().joined(separator: "/"), makes: false)
        } catch let failure as Failure {
            throw broken(failure.description)
        }
        return openSecret(parts.last.map(String.init) ?? ".", in: parent, O_NOFOLLOW)
    }

    /// Makes the file where there is none. It gets its name when it is whole.
    public func make(secret: [UInt8]) throws {
        let draft = "secret.new"
        // Of a start that was killed.
        unlinkat(folder.descriptor, draft, 0)
        let file = openat(
            folder.descriptor, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw broken("it can't be made: \(reason)") }
        defer { close(file) }
        defer { unlinkat(folder.descriptor, draft, 0) }
        fchmod(file, 0o600)
        guard Files.write(secret, to: file), fsync(file) == 0,
            linkat(folder.descriptor, draft, folder.descriptor, "secret", 0) == 0
        else { throw broken("it can't be made: \(reason)") }
        fsync(folder.descriptor)
    }

    private func broken(_ reason: String) -> Failure {
        Failure(
            "\(path)/secret can't be used: \(reason). It is not replaced, for without it nobody stays logged in: "
                + "restore it, or remove it, or set MARTLET_SECRET")
    }

    private var reason: String { String(cString: strerror(errno)) }
}
