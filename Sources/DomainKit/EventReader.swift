public import Consumers
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
            skipped.addMalformed(at: place(record))
            return .malformed
        }
        guard let kind = Kinds(envelope.kind) else {
            skipped.add(envelope.kind, at: place(record))
            return .unknown(envelope)
        }
        return .known(kind, envelope)
    }

    /// `nil` for what is passed over; what can't be read is dead.
    public func known(_ record: LogRecord, _ outcomes: inout Outcomes) -> (kind: Kinds, envelope: Envelope)? {
        switch read(record) {
        case .known(let kind, let envelope): return (kind, envelope)
        case .unknown: return nil
        case .malformed:
            outcomes[record] = .malformed
            return nil
        }
    }

    /// A record of a known kind lacks what belongs to it. It is dead, or all behind it would wait.
    public func lacksFields(_ record: LogRecord, _ outcomes: inout Outcomes) {
        skipped.addMalformed(at: place(record))
        outcomes[record] = .dead(Outcome.Death(.malformed, "a field of the event is missing or is none"))
    }

    private func place(_ record: LogRecord) -> String {
        "\(record.topic), partition \(record.partition), offset \(record.offset)"
    }
}
