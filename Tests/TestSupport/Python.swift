import Glibc

/// What Debian's Python, which knows nothing of ours, makes of a file.
/// - Parameters:
///   - script: has the file's path as `sys.argv[1]`.
///   - bytes: of the file.
/// - Returns: what it prints.
public func python(_ script: String, reading bytes: [UInt8]) throws -> String {
    let path = "/tmp/martlet-python-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(path) }
    guard let file = fopen(path, "wx") else { throw SpawnError(program: path, number: errno) }
    let count = fwrite(bytes, 1, bytes.count, file)
    fclose(file)
    guard count == bytes.count else { throw SpawnError(program: path, number: EIO) }
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw SpawnError(program: "pipe", number: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let number: pid_t
    do {
        defer { close(ends[1]) }
        number = try spawn("/usr/bin/python3", ["-c", script, path], output: ends[1])
    }
    var said: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(ends[0], &piece, piece.count)
        guard count > 0 else { break }
        said += piece.prefix(count)
    }
    var status: Int32 = 0
    waitpid(number, &status, 0)
    return String(decoding: said, as: UTF8.self)
}
