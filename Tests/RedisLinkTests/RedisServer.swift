import Foundation
import Glibc

/// A redis-server of the test's own, on a socket in a temporary folder. It ends with the object.
final class RedisServer: Sendable {
    let folder: String
    private let arguments: [String]
    private let state = Locked<Process?>(nil)

    var socket: String { folder + "/redis.sock" }

    init(_ arguments: [String] = [], started: Bool = true) throws {
        // A peer that has gone is told by the write's error.
        signal(SIGPIPE, SIG_IGN)
        folder = NSTemporaryDirectory() + "martlet-redis-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.arguments = arguments
        if started { try start() }
    }

    func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/redis-server")
        process.arguments =
            ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder]
            + ["--enable-debug-command", "yes"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        state.set(process)
        try watch(process)
    }

    /// Ends the server with the test's process, should no `deinit` run.
    private func watch(_ server: Process) throws {
        let watcher = Process()
        watcher.executableURL = URL(fileURLWithPath: "/bin/sh")
        watcher.arguments = [
            "-c", "while kill -0 $1 && kill -0 $2; do sleep 1; done; kill -0 $1 || { kill -9 $2; rm -r $3; }", "sh",
            "\(getpid())", "\(server.processIdentifier)", folder,
        ]
        watcher.standardInput = FileHandle.nullDevice
        watcher.standardOutput = FileHandle.nullDevice
        watcher.standardError = FileHandle.nullDevice
        try watcher.run()
    }

    func send(_ signal: Int32) {
        if let process = state.get() { Glibc.kill(process.processIdentifier, signal) }
    }

    func kill() {
        guard let process = state.get() else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        state.set(nil)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
