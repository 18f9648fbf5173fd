/// What lies between a viewer and an author. Where there is a block, the follow is still there: so each part of the rule is
/// held by itself.
enum VisibilityCase: String, CaseIterable {
    case signedOut, stranger, follower, muting, muteEnded, blocked, blocking, bothBlocking
    case privateSignedOut, privateStranger, requested, privateFollower, privateMuting
    /// The author, who is followed and not private.
    case suspended, suspensionEnded, erasing, erased
    /// The same of an author whom the viewer has blocked and muted.
    case suspendedRestricted
    case author
    /// The caller is the author, who is suspended.
    case suspendedAuthor

    var isSelf: Bool { self == .author || self == .suspendedAuthor }
    /// The caller may only read.
    var isRefused: Bool { self == .suspendedAuthor }
    /// For others.
    var isAway: Bool { [.suspended, .suspendedRestricted, .erasing, .erased].contains(self) }
    var isSignedIn: Bool { self != .signedOut && self != .privateSignedOut }
    var isPrivate: Bool {
        [.privateSignedOut, .privateStranger, .requested, .privateFollower, .privateMuting].contains(self)
    }
    var follows: Bool {
        [
            .follower, .muting, .muteEnded, .blocked, .blocking, .bothBlocking, .privateFollower, .privateMuting,
            .suspended, .suspensionEnded, .erasing, .erased, .suspendedRestricted,
        ].contains(self)
    }
    var isMuting: Bool { [.muting, .privateMuting, .bothBlocking, .suspendedRestricted].contains(self) }
    /// By the author.
    var isBlocked: Bool { self == .blocked || self == .bothBlocking }
    var isBlocking: Bool { [.blocking, .bothBlocking, .suspendedRestricted].contains(self) }
    /// The viewer has asked the author; not only where that is so for real.
    var hasAsked: Bool { [.requested, .blocked, .blocking, .suspended].contains(self) }

    // MARK: What follows from it

    /// Does the author exist for the viewer?
    var exists: Bool { !isBlocked && !isAway }
    /// May the author be in lists?
    var isListed: Bool { exists && !isBlocking }
    /// Whom the author knows, and public posts.
    var isOpen: Bool { isSelf || isListed && (follows || !isPrivate) }
    var seesPostsForFollowers: Bool { isSelf || isListed && follows }
    var feedHasPosts: Bool { isSelf || isListed && follows && !isMuting }
}
