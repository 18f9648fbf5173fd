/// What a JSON merge (RFC 7396) does to a key.
public enum Merge<Value: Sendable>: Sendable {
    /// It was left out.
    case keep
    /// It was `null`.
    case remove
    case set(Value)

    public var isKept: Bool { if case .keep = self { true } else { false } }
    public var value: Value? { if case .set(let value) = self { value } else { nil } }
}
