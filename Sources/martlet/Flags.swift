import Sidecars

/// The flags of a command of its own, beside settings.
struct Flags {
    private let command: String
    /// What is left.
    private(set) var arguments: [String]

    init(_ arguments: some Sequence<String>, of command: String) {
        (self.arguments, self.command) = (Array(arguments), command)
    }

    /// - Returns: the value of a flag, which is taken out; `nil`: it is not there.
    mutating func take(_ flag: String) throws -> String? {
        if let index = arguments.firstIndex(where: { $0.hasPrefix(flag + "=") }) {
            return String(arguments.remove(at: index).dropFirst(flag.count + 1))
        }
        guard let index = arguments.firstIndex(of: flag) else { return nil }
        guard index + 1 < arguments.count else { throw failure("\(flag) needs a value") }
        defer { arguments.removeSubrange(index...(index + 1)) }
        return arguments[index + 1]
    }

    /// Whether a flag without a value is there; it is taken out.
    mutating func has(_ flag: String) -> Bool {
        guard let index = arguments.firstIndex(of: flag) else { return false }
        arguments.remove(at: index)
        return true
    }

    func failure(_ text: String) -> Failure {
        Failure("martlet \(command): \(text): see martlet help \(command)", exitCode: 2)
    }
}
