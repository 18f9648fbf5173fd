public import Core

extension EventField<Int64> {
    /// Of an event that tells a number beside what has happened: of two such numbers that with the larger version is the newer one. On a
    /// connection none goes behind a newer one: where it would, what has happened is read anew.
    public static let version = EventField(
        "version", read: { text in Int64(text).flatMap { String($0) == text ? $0 : nil } }, write: { String($0) })
}
