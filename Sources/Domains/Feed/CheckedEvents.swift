/// The last few events that were found to be well-formed. A node hears of each once for every partition, and to look through
/// the JSON takes much longer than to compare bytes. Belongs to the node.
public final class CheckedEvents {
    /// As many as an author's posts that are told together, and some.
    private static let most = 16
    /// Bytes; longer ones are rare.
    private static let longest = 16_384
    /// What is good in one form may be none in the other.
    private var events: [(form: NodeMessageForm, bytes: [UInt8])] = []
    private var next = 0

    public init() {}

    /// - Parameter isWellFormed: as the form has it.
    func accept(_ event: [UInt8], _ form: NodeMessageForm, _ isWellFormed: ([UInt8]) -> Bool) -> Bool {
        if events.contains(where: { $0.form == form && $0.bytes == event }) { return true }
        guard isWellFormed(event) else { return false }
        if event.count <= Self.longest { note(event, form) }
        return true
    }

    private func note(_ event: [UInt8], _ form: NodeMessageForm) {
        if events.count < Self.most {
            events.append((form, event))
        } else {
            events[next] = (form, event)
            next = (next + 1) % Self.most
        }
    }
}

@available(*, unavailable)
extension CheckedEvents: Sendable {}
