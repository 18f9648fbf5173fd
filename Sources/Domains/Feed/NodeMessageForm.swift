import Core

/// In which form events are written. All are read.
public enum NodeMessageForm: UInt8, Sendable {
    /// Version 1: what happened is one of three operations on posts.
    case operations = 1
    /// Version 2: what happened has a name and a version. Written where every process reads it: see
    /// `FeedDomain.formats`.
    case envelopes = 2

    /// What a script is given to write.
    func payload(of event: Envelope) -> [UInt8] {
        switch self {
        case .operations: return TaggedEvent.join(requestID: event.requestID, event.payload)
        case .envelopes:
            var writer = ByteWriter(capacity: event.payload.count + 256)
            event.append(to: &writer)
            return writer.bytes
        }
    }
}
