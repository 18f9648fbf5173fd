import Synchronization

/// What a process reads, and what it may write. Asked wherever something is written that has more than one form.
public final class EnabledFormats: Sendable {
    /// What this version reads.
    public let known: [Format]
    private let enabled = Mutex<Set<String>>([])

    public init(known: [Format]) {
        self.known = known
    }

    public func contains(_ format: Format) -> Bool { enabled.withLock { $0.contains(format.name) } }

    /// - Returns: those that were not enabled before.
    func set(_ names: Set<String>) -> Set<String> {
        enabled.withLock { enabled in
            defer { enabled = names }
            return names.subtracting(enabled)
        }
    }
}
