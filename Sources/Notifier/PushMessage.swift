import Notifications

/// What is sent: the notification, or how many there are.
struct PushMessage: Sendable {
    let content: PushedNotification
    let hasText: Bool
    /// With how many others of a digest.
    let together: Int
    /// How often it was tried before.
    let attempts: Int

    init(_ content: PushedNotification, hasText: Bool = true, together: Int = 0, attempts: Int) {
        (self.content, self.hasText) = (content, hasText)
        (self.together, self.attempts) = (together, attempts)
    }

    func with(others: Int) -> PushMessage {
        PushMessage(content, hasText: hasText, together: others, attempts: attempts)
    }
}
