public import Core

/// What has changed between users.
public enum AudienceChange: Sendable, Equatable {
    /// There is a follow, perhaps since long: `accepted` where the followee was asked first.
    case followed(ID, by: ID, accepted: Bool)
    /// There is none any more, whoever ended it.
    case unfollowed(ID, by: ID)
    /// Follows that ended with a block are told behind it, each by itself.
    case blocked(ID, by: ID)
    case unblocked(ID, by: ID)
    case muted(ID, by: ID)
    case unmuted(ID, by: ID)
    /// The account has become private, or is it no more.
    case privacy(ID, isPrivate: Bool)
}

/// Who must know that who sees whom has changed: once it is committed, before the response, in the process that served it.
///
/// `FeedRepair` brings feeds in line, `ChannelAudience` ends subscriptions. **What live clients are to be told belongs here,
/// too** (`feed.changed`): an observer beside them, made in `Domains`. Nobody tells them yet. Reads ask `Audience`, and so does
/// a resume; but what a feed is told live is not asked about: a post of an author whom its reader has muted reaches live
/// clients.
public protocol AudienceObserver: Sendable {
    /// May be told the same twice. What it throws is logged; the change stays.
    func changed(_ change: AudienceChange) async throws
}
