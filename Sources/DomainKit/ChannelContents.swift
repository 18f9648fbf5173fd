/// What a channel carries.
public struct ChannelContents: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Events, each of which is told; resumed by position.
    public static let log = ChannelContents(rawValue: 1)
    /// One value with a version, whole each time; the newest is told.
    public static let state = ChannelContents(rawValue: 2)
    /// Events that others than who owns it have caused, and that name them: who must not see one of these is not told.
    public static let authors = ChannelContents(rawValue: 4)
}
