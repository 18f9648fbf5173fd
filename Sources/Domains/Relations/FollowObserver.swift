public import Core

/// Who must know of a follow or unfollow once it is committed, and before its answer.
public protocol FollowObserver: Sendable {
    /// The follow is there, perhaps since long.
    func followed(_ followee: ID, by follower: ID) async throws
    func unfollowed(_ followee: ID, by follower: ID) async throws
}
