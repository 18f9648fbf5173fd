import Core
import Glibc

extension DataFolder {
    /// The folder of one private server, made where it is missing: the account's own, wherever the account can get to.
    /// Each step asks whether it is done: a start may have been killed after any.
    /// - Returns: the path behind links, for programs of the account, which may not be able to follow them.
    /// - Parameter common: where it is kept, behind a link, when the account can't get to the data folder.
    func folder(
        of kind: PrivateServerKind, _ patience: Patience, common: String = DataFolder.common
    ) throws -> String {
        let name = kind.rawValue
        guard Privileges.areRoots else { return try ownFolder(name) }
        guard let status = folder.status(of: name) else {
            return try reachable(try given(try folder.make(name, mode: 0o700)), kind, patience, common)
        }
        if status.isFolder, let found = folder.folder(name) {
            return try reachable(try taken(found, kind), kind, patience, common)
        }
        guard status.isLink, let target = folder.linkTarget(name) else {
            throw Failure(
                "\(path)/\(name) \(status.isFolder ? "can't be opened: \(String(cString: strerror(errno)))" : "is no folder")"
            )
        }
        return try behindLink(target, kind, patience, common)
    }

    /// Without root's rights: links are as good as what they name.
    private func ownFolder(_ name: String) throws -> String {
        if folder.status(of: name) == nil { _ = try folder.make(name, mode: 0o700) }
        let found = openat(folder.descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard found >= 0 else { throw Failure("\(path)/\(name) can't be used: \(String(cString: strerror(errno)))") }
        let place = Folder(taking: found).path
        guard access(place, W_OK | X_OK) == 0 else { throw unreachable(name) }
        return place
    }

    /// Our own link leads into the common folder. What another one names must be the account's already: root gives nothing
    /// away behind a link.
    private func behindLink(
        _ target: String, _ kind: PrivateServerKind, _ patience: Patience, _ common: String
    ) throws -> String {
        let place: Folder
        let name = target.split(separator: "/").last.map(String.init) ?? ""
        if target == common + "/" + name, name != ".." {
            let shared = try Self.open(common: common)
            if shared.status(of: name) == nil {
                // Somebody has removed what the link names.
                place = try given(try shared.make(name, mode: 0o700))
            } else if let found = shared.folder(name) {
                place = try taken(found, kind)
            } else {
                throw Failure("\(target) is no folder")
            }
        } else {
            let found = try Folder.open(target.hasPrefix("/") ? target : path + "/" + target, makes: false)
            guard found.status.st_uid == account.uid else {
                throw Failure(
                    "\(path)/\(kind.rawValue) is a link to \(target), which does not belong to the account "
                        + "\(account.name): root gives nothing away behind a link. Where it is Martlet's, stop what "
                        + "runs in it and chown -R \(account.name): \(target)")
            }
            place = try taken(found, kind)
        }
        guard try isReachable(place.path, patience) else { throw unreachable(kind.rawValue) }
        return place.path
    }

    /// A new folder, for the account.
    private func given(_ new: Folder) throws -> Folder {
        guard fchown(new.descriptor, account.uid, account.gid) == 0 else {
            throw Failure(
                "\(new.path) can't be given to the account \(account.name): \(String(cString: strerror(errno)))")
        }
        return new
    }

    /// A folder that was there: the account's, or one of an earlier version. In either there may be files of root, who
    /// opened the logs, and of an earlier version's account: they change hands.
    private func taken(_ found: Folder, _ kind: PrivateServerKind) throws -> Folder {
        let owner = found.status.st_uid
        let formers = Account.formers
        guard owner == account.uid || owner == 0 || formers.contains(owner) else {
            throw Failure(
                "\(found.path) belongs to \(Account(uid: owner, gid: 0).name), not to the account \(account.name): "
                    + "choose another MARTLET_DATA")
        }
        try FormerServer(folder: found.path, kind: kind, owners: formers).end()
        if formers.contains(owner) {
            Log.info(.dataOwnerChanged, ["folder": .text(found.path), "account": .text(account.name)])
        }
        try Ownership(account: account, formers: formers).move(found)
        return found
    }

    // MARK: Where the account can get to

    private func reachable(
        _ place: Folder, _ kind: PrivateServerKind, _ patience: Patience, _ common: String
    ) throws -> String {
        if try isReachable(place.path, patience) { return place.path }
        let other = try moveAway(kind.rawValue, common)
        guard try isReachable(other.path, patience) else { throw unreachable(kind.rawValue) }
        return other.path
    }

    private func isReachable(_ place: String, _ patience: Patience) throws -> Bool {
        try ChildProcess.run(["test", "-w", place], account, in: "/", seconds: 10, patience).status == 0
    }

    /// A folder below the common one, with a link in its place. A name of its own: the same path may be another data
    /// folder one day.
    private func moveAway(_ name: String, _ common: String) throws -> Folder {
        let shared = try Self.open(common: common)
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        let other = try given(try shared.make(random, mode: 0o700))
        guard unlinkat(folder.descriptor, name, AT_REMOVEDIR) == 0,
            symlinkat(common + "/" + random, folder.descriptor, name) == 0
        else {
            unlinkat(shared.descriptor, random, AT_REMOVEDIR)
            throw unreachable(name)
        }
        Log.info(.dataMoved, ["link": .text(path + "/" + name), "folder": .text(other.path)])
        return other
    }

    /// Root's, and for all accounts to pass through, whatever umask it was made under.
    private static func open(common: String) throws -> Folder {
        let shared = try Folder.open(common, makes: true)
        guard shared.isRoots else { throw Failure("\(common) is not root's alone: choose another MARTLET_DATA") }
        fchmod(shared.descriptor, 0o755)
        return shared
    }

    private func unreachable(_ name: String) -> Failure {
        Failure("\(path)/\(name) can't be reached by the account \(account.name): choose another MARTLET_DATA")
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
