public import Core

/// What a person does in a terminal besides watching: `martlet follow`, `unfollow`, `post`, `feed`, `requests`,
/// `notifications`, `devices`, `preferences`, `export`, `account`.
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
    /// The newest notifications, as many as the options say; the newest comes last.
    case notifications
    /// All of them are read.
    case markRead
    case devices
    /// A webhook; its secret is told.
    case addWebhook(url: String)
    case removeDevice(ID)
    case testDevice(ID)
    /// A webhook gets another secret.
    case rotateSecret(ID)
    case preferences
    case prefer(PreferenceChange)
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
        case .notifications, .markRead: "notifications"
        case .devices, .addWebhook, .removeDevice, .testDevice, .rotateSecret: "devices"
        case .preferences, .prefer: "preferences"
        case .export: "export"
        case .deleteAccount, .keepAccount, .receipt: "account"
        }
    }
}

/// One of a user's preferences, and what it is from now on.
public enum PreferenceChange: Sendable, Equatable {
    /// Whether notifications of a type come: into the inbox, or as a push.
    case type(String, key: String, Bool)
    /// `off`, `hourly` or `daily`.
    case digest(String)
    /// `HH:MM` each, in a zone of the IANA's.
    case quiet(from: String, to: String, zone: String)
    case noQuiet
}
