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

    public init(
        url: String, token: String? = nil, handle: String? = nil, password: String? = nil, json: Bool = false,
        color: Color = .auto
    ) {
        self.url = url
        self.token = token
        self.handle = handle
        self.password = password
        self.json = json
        self.color = color
    }
}

/// The exit codes of `martlet tail`.
public enum TailExit {
    /// Ended by SIGINT or SIGTERM, or because nobody reads the output any more.
    public static let ended: Int32 = 0
    /// The server could not be reached in the first attempts, is not Martlet, or the output can't be written.
    public static let network: Int32 = 1
    /// The options are wrong, or the server does not take the token or the password (any more).
    public static let credentials: Int32 = 2
}
