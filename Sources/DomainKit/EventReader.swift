public import Core
public import EventLog

/// Reads what one consumer knows of a topic, and passes over the rest: what a later version has written stops nobody, and
/// is taken for nothing else.
public struct EventReader<Kinds: NamedKinds>: Sendable {
    public enum Reading: Sendable {
        case known(Kinds, Envelope)
        /// Counted and told already.
        case unknown(Envelope)
        /// The same.
        case malformed
    }

    private let skipped = SkippedEvents(.log, known: KnownKinds(Kinds.self))

    public init() {}

    public func read(_ record: LogRecord) -> Reading {
        guard let envelope = Envelope(headers: record.headers, payload: record.value) else {
            passOver(record)
            return .malformed
        }
        guard let kind = Kinds(envelope.kind) else {
            skipped.add(envelope.kind, at: place(record))
            return .unknown(envelope)
        }
        return .known(kind, envelope)
    }

    /// `nil` for what is passed over.
    public func known(_ record: LogRecord) -> (kind: Kinds, envelope: Envelope)? {
        guard case .known(let kind, let envelope) = read(record) else { return nil }
        return (kind, envelope)
    }

    /// A record of a known kind lacks what belongs to it. It is passed over, or all behind it would wait.
    public func passOver(_ record: LogRecord) {
        skipped.addMalformed(at: place(record))
    }

    private func place(_ record: LogRecord) -> String {
        "\(record.topic), partition \(record.partition), offset \(record.offset)"
    }
}
