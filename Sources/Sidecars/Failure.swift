/// What ends a command: one sentence for the user, and the exit code.
public struct Failure: Error, CustomStringConvertible {
    public let description: String
    public let exitCode: Int32

    public init(_ description: String, exitCode: Int32 = 1) {
        self.description = description
        self.exitCode = exitCode
    }
}

/// A wait or a child was given up because the process is to end.
public struct Interrupted: Error {
    public init() {}
}
