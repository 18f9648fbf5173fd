import Core
import Devices
import Notifications

/// How a push reads. In English: clients that know more of a language make their own words of `key` and `url`.
enum PushWords {
    /// Of what was written, in Unicode scalars.
    private static let mostText = 120

    static func of(_ message: PushMessage) -> (title: String, body: String) {
        let content = message.content
        guard message.together == 0 else {
            return ("\(message.together + 1) new notifications", "\(content.unread) are unread.")
        }
        // Nobody has caused it.
        guard content.type != Deliveries.testType else { return ("A test", "Pushes reach this device.") }
        let text = message.hasText ? content.text ?? "" : ""
        return (title(content), String(String.UnicodeScalarView(text.unicodeScalars.prefix(mostText))))
    }

    private static func title(_ content: PushedNotification) -> String {
        let what = content.object?.type ?? "post"
        let who = who(content)
        return switch content.type {
        case "follow": "\(who) follows you"
        case "follow_request": "\(who) asks to follow you"
        case "follow_accepted": "\(who) has accepted your request"
        case "like": "\(who) likes your \(what)"
        case "comment": "\(who) commented on your post"
        case "reply": "\(who) replied to you"
        case "mention": "\(who) mentioned you"
        case "poll_closed": "A poll has closed"
        case "post": "\(who) posted"
        // A kind of a later version.
        default: "Something new for you"
        }
    }

    private static func who(_ content: PushedNotification) -> String {
        guard let first = content.actors.first else { return "Somebody" }
        let others = content.count - 1
        return others == 0 ? "@\(first)" : "@\(first) and \(others) \(others == 1 ? "other" : "others")"
    }

    /// Of the page, below its address.
    static func path(_ content: PushedNotification) -> String {
        switch content.object?.type {
        case "post": "#/posts/\(content.object!.id)"
        default: "#/"
        }
    }
}
