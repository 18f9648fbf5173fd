public import Core

/// What has changed between users.
public enum AudienceChange: Sendable, Equatable {
    public enum Follow: Sendable {
        /// Since before.
        case known
        case new
        /// The followee was asked first.
        case accepted
    }

    case followed(ID, by: ID, Follow)
    /// There is none any more, whoever ended it.
    case unfollowed(ID, by: ID)
    /// Follows that ended with a block are told behind it, each by itself.
    case blocked(ID, by: ID)
    case unblocked(ID, by: ID)
    case muted(ID, by: ID)
    case unmuted(ID, by: ID)
    /// The account has become private, or is it no more.
    case privacy(ID, isPrivate: Bool)
    /// The user does not exist for others any more,
    case left(ID, Leaving)
    /// and does again.
    case returned(ID)

    public enum Leaving: Sendable {
        case suspended
        /// Is about to be erased.
        case erased
    }
}

/// Who must know that who sees whom has changed: once it is committed, before the response, in the process that served it.
///
/// `FeedRepair` brings feeds in line, `FeedChanges` tells live clients, `ChannelAudience` ends subscriptions.
public protocol AudienceObserver: Sendable {
    /// May be told the same twice. What it throws is logged; the change stays.
    func changed(_ change: AudienceChange) async throws
}
