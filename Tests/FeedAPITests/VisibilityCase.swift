/// What lies between a viewer and an author. Where there is a block, the follow is still there: so each part of the rule is
/// held by itself.
enum VisibilityCase: String, CaseIterable {
    case signedOut, stranger, follower, muting, muteEnded, blocked, blocking, bothBlocking
    case privateSignedOut, privateStranger, requested, privateFollower, privateMuting
    case author

    var isSelf: Bool { self == .author }
    var isSignedIn: Bool { self != .signedOut && self != .privateSignedOut }
    var isPrivate: Bool {
        [.privateSignedOut, .privateStranger, .requested, .privateFollower, .privateMuting].contains(self)
    }
    var follows: Bool {
        [.follower, .muting, .muteEnded, .blocked, .blocking, .bothBlocking, .privateFollower, .privateMuting]
            .contains(self)
    }
    var isMuting: Bool { [.muting, .privateMuting, .bothBlocking].contains(self) }
    /// By the author.
    var isBlocked: Bool { self == .blocked || self == .bothBlocking }
    var isBlocking: Bool { self == .blocking || self == .bothBlocking }
    /// The viewer has asked the author; not only where that is so for real.
    var hasAsked: Bool { [.requested, .blocked, .blocking].contains(self) }

    // MARK: What follows from it

    /// Does the author exist for the viewer?
    var exists: Bool { !isBlocked }
    /// May the author be in lists?
    var isListed: Bool { !isBlocked && !isBlocking }
    /// Whom the author knows, and public posts.
    var isOpen: Bool { isSelf || isListed && (follows || !isPrivate) }
    var seesPostsForFollowers: Bool { isSelf || isListed && follows }
    var feedHasPosts: Bool { isSelf || isListed && follows && !isMuting }
}
