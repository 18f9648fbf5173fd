import Core

/// An envelope as the scripts of channels keep it: a form (1), and in form 1 `Envelope.append(to:)`.
enum StoredEnvelope {
    private static let form: UInt8 = 1
    static let skipped = SkippedEvents(.entry)

    static func bytes(of envelope: Envelope) -> [UInt8] {
        var writer = ByteWriter(capacity: envelope.payload.count + 256)
        envelope.append(to: &writer)
        return writer.bytes
    }

    /// `nil` for what a later version has written, or nobody.
    static func read(_ reader: inout ByteReader, of channel: String) -> Envelope? {
        let found = reader.unsigned(width: 1)
        guard found == UInt64(form) else {
            skipped.addNameless("form \(found ?? 0)", at: channel)
            return nil
        }
        guard let envelope = Envelope(&reader), reader.remaining == 0, LiveJSON.isEvent(envelope.payload[...]) else {
            skipped.addMalformed(at: channel)
            return nil
        }
        return envelope
    }
}
