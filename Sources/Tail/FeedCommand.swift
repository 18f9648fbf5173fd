/// What a person does in a terminal besides watching: `martlet follow`, `unfollow`, `post`, `feed`, `requests`,
/// `export`, `account`.
public enum FeedCommand: Sendable, Equatable {
    /// Handles without `@`.
    case follow(String)
    case unfollow(String)
    /// A hashtag without `#`, in any spelling.
    case followTag(String)
    case unfollowTag(String)
    /// `nil`: the text comes from standard input.
    case post(String?)
    /// The newest posts, as many as the options say; the newest comes last.
    case feed
    /// Who asks to follow.
    case requests
    case accept(String)
    case refuse(String)
    /// All that is held of the account, into a file that is not there yet.
    case export(to: String)
    /// The account is deleted, with so many days in which that can be taken back.
    case deleteAccount(graceDays: Int)
    case keepAccount
    /// How far a deletion is.
    case receipt(id: String, key: String)

    /// The command's word.
    public var name: String {
        switch self {
        case .follow, .followTag: "follow"
        case .unfollow, .unfollowTag: "unfollow"
        case .post: "post"
        case .feed: "feed"
        case .requests, .accept, .refuse: "requests"
        case .export: "export"
        case .deleteAccount, .keepAccount, .receipt: "account"
        }
    }
}
