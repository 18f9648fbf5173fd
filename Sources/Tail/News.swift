import Core

/// What an event says of what is around a post: how it and its poll stand, and what is said of it; and of what the user is notified
/// of. A line each.
struct News: Equatable {
    /// Whose doing it is; `nil`: nobody's alone.
    let handle: String?
    /// As it came from others: renderers make it harmless.
    let text: String

    /// `nil` for an event of another type, and where a key is missing or of another kind.
    init?(type: String, _ event: JSONObject) {
        switch type {
        case "post.counts":
            guard let likes = event["likes"]?.integer, let comments = event["comments"]?.integer,
                let views = event["views"]?.integer
            else { return nil }
            handle = nil
            text = [
                Self.number(likes, "like"), Self.number(comments, "comment"), Self.number(views, "view"),
            ].joined(separator: ", ")
        case "comment.created", "comment.updated":
            guard let comment = event["comment"]?.object, let said = comment["text"]?.string,
                let author = comment["author"]?.object?["handle"]?.string
            else { return nil }
            let isReply = comment["parent_id"] != nil
            handle = author
            text =
                (type == "comment.updated"
                    ? "edited a " + (isReply ? "reply" : "comment")
                    : isReply ? "replied" : "commented") + ": " + said
        case "comment.deleted":
            guard event["comment_id"]?.string != nil else { return nil }
            handle = nil
            text = (event["parent_id"] == nil ? "a comment" : "a reply") + " was deleted"
        case "poll.updated":
            guard let poll = event["poll"]?.object, let options = poll["options"]?.array else { return nil }
            let counts = options.compactMap { option -> String? in
                guard let option = option.object, let text = option["text"]?.string else { return nil }
                return text + (option["votes"]?.integer.map { " \($0)" } ?? "")
            }
            handle = nil
            text =
                "poll: " + counts.joined(separator: ", ")
                + (poll["voters"]?.integer.map { " (\(Self.number($0, "voter")))" } ?? "")
                + (poll["closed"] == .bool(true) ? ", closed" : "")
        case "notification.created", "notification.updated":
            guard let group = event["group"].flatMap(NotifiedGroup.init) else { return nil }
            (handle, text) = (group.handle, group.text)
        case "notification.removed":
            guard let key = event["key"]?.string else { return nil }
            handle = nil
            text = "taken back: " + (key.split(separator: ":").first.map(String.init) ?? key)
        case "device.failing":
            guard let device = event["device"]?.object, let kind = device["kind"]?.string else { return nil }
            handle = nil
            text =
                "nothing reaches your device: " + (device["name"]?.string ?? kind)
                + (device["state"]?.string == "gone" ? ", which is gone" : "")
        case "notifications.read":
            guard let unread = event["unread"]?.integer else { return nil }
            handle = nil
            text = Self.number(unread, "notification") + " unread"
        default: return nil
        }
    }

    init(_ group: NotifiedGroup) {
        (handle, text) = (group.handle, group.text)
    }

    private static func number(_ number: Int64, _ noun: String) -> String {
        "\(number) \(noun)" + (number == 1 ? "" : "s")
    }
}
