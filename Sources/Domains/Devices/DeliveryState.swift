/// What has become of a notification for a device. From `waiting` it comes to one of the others; from `dead` a redrive brings it back.
public enum DeliveryState: String, Sendable, CaseIterable {
    /// It is to be sent: at once, or not before a time.
    case waiting
    /// The provider has taken it.
    case delivered
    /// It was given up, and is a dead letter.
    case dead
    /// It was too old when its turn came.
    case expired
    /// The device is not there any more.
    case invalidated
    /// It was not wanted, or not needed.
    case suppressed
}

/// Why it waits, or why it is in its state.
public enum DeliveryReason: String, Sendable, CaseIterable {
    // Suppressed: pushes of this type are off; who did it is not wanted; is muted; the user has seen it live; has read it, or it was
    // taken back, or told anew with another cause; it was told with others of its digest; while it waited a newer one of its group
    // came; the device was removed.
    case type, actor, muted, live, stale, together, newer, device
    // Waiting: for the end of quiet hours; for a digest; because its group was pushed just now (`PushPace`); for another attempt; for a
    // credential or a host; for the operator.
    case quiet, digest, pace, retry, parked, held
    // Dead: too many attempts; it can't be sent as it is; nobody can read it.
    case attempts, message, poison
}
