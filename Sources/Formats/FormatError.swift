/// Why a process does not start, or a format is not enabled.
public enum FormatError: Error, Equatable, CustomStringConvertible {
    /// These are enabled, and this version does not read them.
    case unknown([String])
    /// These processes do not read what is to be enabled.
    case inUse([String])

    public var description: String {
        switch self {
        case .unknown(let names):
            "the database has a format enabled that this version does not read: \(names.joined(separator: ", ")). "
                + "Run the version that enabled it, or a later one: `martlet format enable` can't be taken back"
        case .inUse(let processes):
            "not enabled, for there is who does not read it: \(processes.joined(separator: "; ")). Bring them to this "
                + "version, or wait a minute where they have ended; --force enables all the same, and they will pass over "
                + "what they do not know"
        }
    }
}
