/// What `martlet tail` was asked for.
public struct TailOptions: Sendable {
    public enum Color: String, Sendable {
        /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
        case auto
        case always, never
    }

    /// Where the server is, such as `https://feed.example`.
    public var url: String
    /// An access token; or else `handle` and `password`.
    public var token: String?
    public var handle: String?
    public var password: String?
    /// The events themselves, a line of JSON each.
    public var json: Bool
    public var color: Color
    /// How many of the newest posts are shown first.
    public var posts: Int
    /// A position to begin behind, instead of the newest posts.
    public var since: String?
    /// `user:@HANDLE`, `user:ID`, `post:ID`, `poll:ID` or `notifications`: what is shown instead of the feed.
    public var channel: String?

    /// The channel of what the user is notified of.
    public static let notifications = "notifications"

    public init(
        url: String, token: String? = nil, handle: String? = nil, password: String? = nil, json: Bool = false,
        color: Color = .auto, posts: Int = 10, since: String? = nil, channel: String? = nil
    ) {
        self.url = url
        self.token = token
        self.handle = handle
        self.password = password
        self.json = json
        self.color = color
        self.posts = posts
        self.since = since
        self.channel = channel
    }

    /// Whether it says who asks.
    var isSomebody: Bool { token != nil || handle != nil || password != nil }

    /// Whether a text names a channel: it goes into addresses as it is.
    public static func isChannel(_ text: String) -> Bool {
        if text == notifications { return true }
        let key = ["user:@", "user:", "post:", "poll:"].first(where: text.hasPrefix).map { text.dropFirst($0.count) }
        return key.map { (1...30).contains($0.utf8.count) && $0.utf8.allSatisfy(Self.isPlain) } ?? false
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 95, 97...122: true
        default: false
        }
    }

    /// Whether a text is the address of a server: `http://…` or `https://…`, perhaps with a path before the API's.
    public static func isURL(_ text: String) -> Bool {
        let lower = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lower.hasPrefix),
            let first = lower.dropFirst(scheme.count).first
        else { return false }
        return first != "/" && !text.contains("?") && !text.contains("#")
            && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }
}

/// The exit codes of the commands for people.
public enum TailExit {
    /// It is done; nobody reads the output of a tail any more.
    public static let ended: Int32 = 0
    /// Ended by a signal, as shells tell it: 130 for Ctrl-C, 143 for SIGTERM.
    public static func signal(_ number: Int32) -> Int32 { 128 + number }
    /// The server could not be reached in the first attempts, is not Martlet, or refuses; or the output can't be written.
    public static let network: Int32 = 1
    /// The options are wrong, or the server does not take the token or the password (any more).
    public static let credentials: Int32 = 2
}
