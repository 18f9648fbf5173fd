import Core

/// What the user is notified of, as far as it is shown: `GET /v1/notifications`, and `group` of its events.
struct NotifiedGroup: Equatable {
    let id: ID
    /// Milliseconds since 1970.
    let milliseconds: Int64
    /// Who did it last; `nil`: nobody whom the user may see, or nobody at all.
    let handle: String?
    let text: String

    /// `nil` when a key is missing or of another kind.
    init?(_ value: JSONValue) {
        guard let group = value.object, let id = group["id"]?.string.flatMap({ ID($0) }),
            let type = group["type"]?.string, let count = group["count"]?.integer,
            let time = group["created_at"]?.string.flatMap({ Core.milliseconds(rfc3339: $0) })
        else { return nil }
        (self.id, milliseconds) = (id, time)
        handle = group["actors"]?.array?.first?.object?["handle"]?.string
        let object = group["object"]?.object
        let others = count > 1 && handle != nil ? "and \(count - 1) more " : ""
        let said = object?["text"]?.string.flatMap { $0.isEmpty ? nil : ": " + $0 } ?? ""
        text = others + Self.verb(type, object?["type"]?.string) + said
    }

    private static func verb(_ type: String, _ object: String?) -> String {
        switch type {
        case "follow": "followed you"
        case "follow_request": "asks to follow you"
        case "follow_accepted": "lets you follow"
        case "like": object == "comment" ? "liked your comment" : "liked your post"
        case "comment": "commented on your post"
        case "reply": "replied to you"
        case "mention": "mentioned you"
        case "poll_closed": "a poll has closed"
        case "post": "posted"
        // Of a later version.
        default: type
        }
    }
}
