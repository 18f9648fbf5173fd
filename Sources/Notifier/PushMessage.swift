import Notifications

/// What is sent: the notification, or how many there are.
struct PushMessage: Sendable {
    let content: PushedNotification
    let hasText: Bool
    /// With how many others of a digest.
    let together: Int
    /// How often it was tried before.
    let attempts: Int

    func with(others: Int) -> PushMessage {
        PushMessage(content: content, hasText: hasText, together: others, attempts: attempts)
    }
}
