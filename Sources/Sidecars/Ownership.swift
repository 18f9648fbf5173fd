import CGlibc
import Core
import Glibc

/// The move of a server's folder from the account of an earlier version to Martlet's own.
///
/// Root does it in a folder that another account can change meanwhile. So each file is opened as a name, without following
/// a link, looked at, and given away by that descriptor; never by a path.
struct Ownership {
    let account: Account
    /// Whose files may be given away, besides root's.
    let formers: Set<uid_t>

    /// Gives away what is in the folder, and the folder last: a move that was cut short begins again.
    func move(_ folder: Folder) throws {
        try moveContents(of: folder, on: folder.status.st_dev, depth: 0)
        guard fchown(folder.descriptor, account.uid, account.gid) == 0 else { throw failure(folder.path) }
    }

    private func moveContents(of folder: Folder, on device: dev_t, depth: Int) throws {
        guard depth < 32 else { throw Failure("\(folder.path) is too deep") }
        for name in folder.names {
            guard let status = folder.status(of: name), status.st_dev == device else { continue }
            if status.isFolder {
                guard let inner = folder.folder(name) else {
                    // A server of the account's may be at work there.
                    if errno == ENOENT { continue }
                    throw failure(folder.path + "/" + name)
                }
                // Asked again of what was opened.
                guard isOurs(inner.status) else { continue }
                try moveContents(of: inner, on: device, depth: depth + 1)
                guard fchown(inner.descriptor, account.uid, account.gid) == 0 else { throw failure(inner.path) }
            } else if status.isFile || status.isSocket, status.st_uid != account.uid {
                try moveFile(name, in: folder)
            }
        }
    }

    /// Gives a file or a socket away, where there is one of this name that may be.
    func moveFile(_ name: String, in folder: Folder) throws {
        let file = openat(folder.descriptor, name, martlet_open_path | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return }
            throw failure(folder.path + "/" + name)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.isFile || status.isSocket, isOurs(status), status.st_uid != account.uid
        else { return }
        // A second name of a file may be anywhere.
        guard status.st_nlink == 1 else {
            throw Failure("\(folder.path)/\(name) has a second name elsewhere: it is not given to \(account.name)")
        }
        guard fchownat(file, "", account.uid, account.gid, martlet_at_empty_path) == 0 else {
            throw failure(folder.path + "/" + name)
        }
    }

    private func isOurs(_ status: stat) -> Bool {
        status.st_uid == 0 || status.st_uid == account.uid || formers.contains(status.st_uid)
    }

    private func failure(_ path: String) -> Failure {
        Failure("\(path) can't be given to the account \(account.name): \(String(cString: strerror(errno)))")
    }
}

/// A server that a `serve` of an earlier version has left running, as another account.
struct FormerServer {
    /// The folder's path, the names in it, and how its process is told to end.
    let folder: String
    let kind: PrivateServerKind
    let owners: Set<uid_t>

    /// Ends it, if there is one: its files are about to change hands.
    func end() throws {
        guard let server else { return }
        Log.info(.formerServerEnded, ["pid": .number(Int64(server)), "folder": .text(folder)])
        for number in kind.endingSignals {
            kill(server, number)
            kill(server, SIGCONT)
            for _ in 0..<1600 {
                if ChildProcess.hasEnded(server) { return }
                usleep(5000)
            }
        }
        throw Failure("the server of an earlier version in \(folder), process \(server), does not end")
    }

    /// Only a process of an earlier version's account: whoever listens there may be anybody.
    private var server: pid_t? {
        let found =
            UnixSocket.server(folder + "/" + kind.socket)
            ?? PidFile.process(folder + "/" + kind.pidFile, program: kind.program, path: folder + kind.servedBelow)
        guard let found else { return nil }
        var status = stat()
        return stat("/proc/\(found)", &status) == 0 && owners.contains(status.st_uid) ? found : nil
    }
}
