/// Types of events that are shown in a way of their own (`/openapi.json`); all others are passed over.
enum EventName {
    static let postCreated = "post.created"
    static let postUpdated = "post.updated"
    static let postDeleted = "post.deleted"
}
