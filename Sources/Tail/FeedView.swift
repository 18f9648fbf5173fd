import Core

/// What of the feed has been shown, and what is to be shown next.
struct FeedView {
    private let renderer: any Renderer
    private var shown = ShownPosts()
    /// Posts below it were left out at the beginning, and stay so.
    private var floor = ID.zero
    private(set) var hasBegun = false
    private var notifications = ShownNotifications()

    init(renderer: any Renderer) {
        self.renderer = renderer
    }

    /// Is one of the posts among those shown, or below them?
    func reaches(_ posts: [FeedPost]) -> Bool {
        posts.contains { shown.contains($0.id) || $0.id < floor }
    }

    /// What is to be shown of pages, oldest first.
    /// - Parameters:
    ///   - posts: newest first.
    ///   - isWhole: there are no older ones.
    mutating func page(_ posts: [(post: FeedPost, value: JSONValue)], isWhole: Bool) -> String {
        if !hasBegun, !isWhole { floor = posts.map(\.post.id).min() ?? .zero }
        hasBegun = true
        var text = ""
        for (post, value) in posts.reversed() where post.id >= floor && shown.insert(post) {
            var event = ByteWriter(capacity: 512)
            event.append(ascii: "{\"type\":\"")
            event.append(EventName.postCreated)
            event.append(ascii: "\",\"post\":")
            event.append(json: value)
            event.append(ascii: "}")
            text += renderer.created(post, event: event.string)
        }
        return text
    }

    /// Begins behind a page without showing it: what is in it is not new.
    mutating func begin(behind posts: [(post: FeedPost, value: JSONValue)]) {
        hasBegun = true
        for (post, _) in posts { _ = shown.insert(post) }
        floor = posts.map(\.post.id).max() ?? .zero
    }

    /// What is to be shown of a list of notifications, oldest first: those that are newer than what was shown.
    /// - Parameter shows: false: they are taken for shown.
    mutating func page(_ page: NotificationPage, shows: Bool = true) -> String {
        hasBegun = true
        var text = ""
        for (group, value) in notifications.take(page) {
            guard shows else { continue }
            var event = ByteWriter(capacity: 512)
            event.append(ascii: "{\"type\":\"notification.created\",\"group\":")
            event.append(json: value)
            event.append(ascii: "}")
            text += renderer.news(News(group), event: event.string, now: group.milliseconds)
        }
        return text
    }

    /// What is to be shown of an event of the stream; what is no event object is not shown.
    /// - Parameter now: milliseconds since 1970.
    mutating func event(_ json: String, now: Int64) -> String {
        guard let object = (try? JSONValue.parse(Array(json.utf8)))?.object, let type = object["type"]?.string else {
            return ""
        }
        switch type {
        case EventName.postCreated:
            guard let post = object["post"].flatMap(FeedPost.init), shown.insert(post) else { return "" }
            // Without a page before it, it is the first.
            if !hasBegun { (hasBegun, floor) = (true, post.id) }
            return renderer.created(post, event: json)
        case EventName.postUpdated:
            guard let post = object["post"].flatMap(FeedPost.init) else { return "" }
            if shown.shows(post.id) { return renderer.edited(post, event: json, now: now) }
            // An old one that was left out at the beginning stays out; else it is new here.
            return post.id >= floor && shown.insert(post) ? renderer.created(post, event: json) : ""
        case EventName.postDeleted:
            guard let id = object["post_id"]?.string.flatMap({ ID($0) }) else { return "" }
            switch shown.delete(id) {
            case .shown(let post): return renderer.deleted(post, event: json, now: now)
            case .unseen: return renderer.deleted(nil, event: json, now: now)
            case .again: return ""
            }
        default:
            guard !type.hasPrefix("notification") || notifications.take(object, type) else { return "" }
            guard let news = News(type: type, object) else { return renderer.other(event: json) }
            return renderer.news(news, event: json, now: now)
        }
    }
}

extension ByteWriter {
    /// A value as JSON text without space.
    fileprivate mutating func append(json value: JSONValue) {
        switch value {
        case .null: append(ascii: "null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(decimal: value)
        case .number(let value): append("\(value)")
        case .string(let text): append(jsonString: text)
        case .array(let items):
            append(ascii: "[")
            for (index, item) in items.enumerated() {
                if index > 0 { append(ascii: ",") }
                append(json: item)
            }
            append(ascii: "]")
        case .object(let object):
            append(ascii: "{")
            for (index, key) in object.keys.enumerated() {
                if index > 0 { append(ascii: ",") }
                append(jsonString: key)
                append(ascii: ":")
                append(json: object[key]!)
            }
            append(ascii: "}")
        }
    }
}
