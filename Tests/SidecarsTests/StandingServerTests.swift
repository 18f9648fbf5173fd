import Glibc
import Testing

@testable import Sidecars

/// A server that hangs: it takes no connections, and its queue is full.
@Suite struct StandingServerTests {
    private static let folder = "/tmp/martlet-standing-\(getpid())"

    /// Listens at a path, and fills the queue.
    /// - Returns: all descriptors.
    private func hang(at path: String) throws -> [Int32] {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        var descriptors = [socket(AF_UNIX, kind, 0)]
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        try withUnsafePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try #require(bind(descriptors[0], address, size) == 0 && listen(descriptors[0], 1) == 0)
                repeat {
                    descriptors.append(socket(AF_UNIX, kind, 0))
                } while connect(
                    descriptors.last!, address, size) == 0
            }
        }
        return descriptors
    }

    @Test(.timeLimit(.minutes(1))) func nobodyWaitsForIt() throws {
        let path = Self.folder + ".sock"
        unlink(path)
        let descriptors = try hang(at: path)
        defer {
            descriptors.forEach { close($0) }
            unlink(path)
        }
        // It listens, so there must be no second one; who it is can't be asked.
        #expect(UnixSocket.answers(path))
        #expect(UnixSocket.server(path) == nil)
        #expect(UnixSocket.ask(path, "PING", milliseconds: 1000) == nil)
    }

    @Test func oneThatListensIsAsked() throws {
        let path = Self.folder + ".own"
        unlink(path)
        let descriptors = try hang(at: path)
        defer { unlink(path) }
        descriptors.dropFirst().forEach { close($0) }
        while accept(descriptors[0], nil, nil) >= 0 {}
        #expect(UnixSocket.server(path) == getpid())
        close(descriptors[0])
        #expect(!UnixSocket.answers(path) && !UnixSocket.answers(path + ".none"))
    }

    /// A pid file is believed where the command line agrees.
    @Test func aPidFileOutlivesItsProcess() throws {
        let file = Self.folder + ".pid"
        defer { unlink(file) }
        try Files.write(file, Array("\(getpid())\n/data\n".utf8))
        let command = String(decoding: Files.read("/proc/self/cmdline")!, as: UTF8.self).split(separator: "\0")
        let program = String(command[0].split(separator: "/").last!)
        let argument = try #require(command.dropFirst().first.map(String.init))
        #expect(PidFile.process(file, program: program, path: argument) == getpid())
        #expect(PidFile.process(file, program: program, path: "/data") == nil)
        #expect(PidFile.process(file, program: "postgres", path: argument) == nil)
        #expect(PidFile.process(file + ".none", program: program, path: argument) == nil)
        try Files.write(file, Array("0\n".utf8))
        #expect(PidFile.process(file, program: program, path: argument) == nil)
    }
}
