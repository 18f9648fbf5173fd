import Foundation

/// What Debian's Python, which knows nothing of ours, makes of a file.
/// - Parameters:
///   - script: has the file's path as `sys.argv[1]`.
///   - bytes: of the file.
/// - Returns: what it prints.
public func python(_ script: String, reading bytes: [UInt8]) throws -> String {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(bytes).write(to: path)
    let python = Process()
    python.executableURL = URL(filePath: "/usr/bin/python3")
    python.arguments = ["-c", script, path.path]
    let output = Pipe()
    python.standardOutput = output
    try python.run()
    let said = try output.fileHandleForReading.readToEnd() ?? Data()
    python.waitUntilExit()
    return String(decoding: said, as: UTF8.self)
}
