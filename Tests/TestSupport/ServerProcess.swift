import Glibc

/// A program that runs beside a test, in a folder of its own: it ends with the object, or with the test's process, should no
/// `deinit` run; and the folder with it.
public final class ServerProcess: Sendable {
    public let folder: String
    private let number: Int32

    /// - Parameters:
    ///   - name: of the folder, in part.
    ///   - arguments: made when the folder is known.
    public init(_ name: String, _ program: String, arguments: (_ folder: String) -> [String]) throws {
        folder = "/tmp/martlet-\(name)-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        guard mkdir(folder, 0o700) == 0 else { throw SpawnError(program: folder, number: errno) }
        number = try spawn(program, arguments(folder))
        _ = try spawn(
            "/bin/sh",
            [
                "-c", "while kill -0 $1 && kill -0 $2; do sleep 1; done; kill -0 $1 || kill -9 $2; rm -rf $3", "sh",
                "\(getpid())", "\(number)", folder,
            ])
    }

    deinit {
        // Its folder goes with the one that watches it.
        kill(number, SIGKILL)
        var status: Int32 = 0
        waitpid(number, &status, 0)
    }
}
