/// Whether a write takes an `Idempotency-Key`.
public enum IdempotencyRule: Sendable, Equatable {
    case none
    /// Keys are kept by this name, which must not change: a request may be repeated across an upgrade. Operations that do
    /// the same share one.
    case key(String)
}
