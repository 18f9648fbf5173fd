/// One of the values by which events are routed, such as the id of a post: domains name them, consumers read them without
/// a look into the payload.
public struct EventField<Value: Sendable>: Sendable {
    /// As in the headers of a record: 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`.
    public let name: String
    /// `nil` for a text that is no such value. One value has one text.
    let read: @Sendable (String) -> Value?
    let write: @Sendable (Value) -> String

    public init(
        _ name: String, read: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String
    ) {
        self.name = name
        self.read = read
        self.write = write
    }
}

extension EventField<ID> {
    public init(_ name: String) {
        self.init(name, read: { ID($0) }, write: \.description)
    }
}
