/// What a person does in a terminal besides watching: `martlet follow`, `unfollow`, `post`, `feed`, `requests`.
public enum FeedCommand: Sendable, Equatable {
    /// Handles without `@`.
    case follow(String)
    case unfollow(String)
    /// `nil`: the text comes from standard input.
    case post(String?)
    /// The newest posts, as many as the options say; the newest comes last.
    case feed
    /// Who asks to follow.
    case requests
    case accept(String)
    case refuse(String)

    /// The command's word.
    public var name: String {
        switch self {
        case .follow: "follow"
        case .unfollow: "unfollow"
        case .post: "post"
        case .feed: "feed"
        case .requests, .accept, .refuse: "requests"
        }
    }
}
