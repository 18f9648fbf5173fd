public import Core
public import Live

/// What happens to a post in the timelines of its author's followers.
public struct TimelineEvent: Sendable, Equatable {
    public let operation: NodeEvent.Operation
    public let post: ID
    public let author: ID
    /// What live clients are told.
    public let envelope: Envelope

    /// `nil`: the envelope does not say of which post, or of which author.
    public init?(_ operation: NodeEvent.Operation, _ envelope: Envelope) {
        guard let post = envelope[.post], let author = envelope[.author] else { return nil }
        self.operation = operation
        self.post = post
        self.author = author
        self.envelope = envelope
    }
}

/// To whom events are brought.
public struct DeliveryAudience: Sendable, Hashable {
    /// False for whom the author's posts are only kept, until something ends: a mute, a block, the author's absence. Then a new
    /// post is in their timelines, its end is told, that is all.
    public var isTold = true
    /// They follow a hashtag of the posts: they get them although they have just unfollowed the author, and a post that an edit
    /// gave the hashtag.
    public var isByTag = false

    public init(isTold: Bool = true, isByTag: Bool = false) { (self.isTold, self.isByTag) = (isTold, isByTag) }

    /// As in `deliver.lua`.
    var flags: Int64 { (isTold ? 1 : 0) + (isByTag ? 2 : 0) }
}

/// What became of a delivery.
public struct DeliveryCounts: Sendable, Equatable {
    /// Timelines that changed.
    public var written = 0
    /// Users told, for each node that holds some of their clients.
    public var pushed = 0
    /// Users who can't be told but by reading anew: without a timeline, or with one whose window ends above the post.
    public var missing = 0

    public init(written: Int = 0, pushed: Int = 0, missing: Int = 0) {
        self.written = written
        self.pushed = pushed
        self.missing = missing
    }
}

/// Where a partition is: its epoch and clock, and the number of the last message to the node that asked.
public struct PartitionState: Sendable, Equatable {
    /// Epoch and clock: everything up to it has been published or is in the lists.
    public let cursor: LiveCursor
    public let number: Int64
    /// Of a registration: whether there was one before.
    public let wasRegistered: Bool
}

/// What an audit of a live client has found.
public struct AuditFinding: Sendable, Equatable {
    /// Whether its node is told of the user's events.
    public let isRegistered: Bool
    /// The newest position that the client must have been told of.
    public let newest: Int64
}

/// The answer to a probe.
public struct Beat: Sendable, Equatable {
    public let state: PartitionState
    /// Connections that got the probe; 0: the node's subscription is gone.
    public let subscribers: Int
}

/// A realtime node's name in Redis: eight characters of `a-z0-9`. A process takes a new one at each start.
public struct NodeName: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init?(_ text: String) {
        guard text.utf8.count == 8, text.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) }) else {
            return nil
        }
        description = text
    }

    public static func random() -> NodeName {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        return NodeName(String((0..<8).map { _ in alphabet.randomElement()! }))!
    }
}

/// What a client that held a position is to be told.
public enum ResumeResult: Sendable, Equatable {
    /// The entries that changed since, in the order of their positions; tombstones are deletes. The client goes on
    /// from the cursor.
    case missed([TimelineEntry], [NotedChange], LiveCursor)
    /// What happened since can no longer be told: read the feed anew and go on from the cursor.
    case reset(LiveCursor)
    /// There is no timeline: `ensure` it, then reset.
    case missing
    /// Somebody rebuilds it: wait by `ensure`, then reset.
    case building
}

/// Entries of a timeline, newest first.
public struct TimelinePage: Sendable, Equatable {
    /// Without tombstones, and nothing from below `completeFrom`.
    public let entries: [TimelineEntry]
    /// From this id on the timeline holds every post; zero: all there are. Older ones are in the database.
    public let completeFrom: ID
    /// No more entries in the timeline below these.
    public let hasEnded: Bool
    /// Read in the same instant: going live from here misses nothing of what the page does not show.
    public let cursor: LiveCursor
}

public enum PageResult: Sendable, Equatable {
    case ready(TimelinePage)
    case missing
    case building
}

/// What the database knows of a timeline.
public struct RebuildEntries: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public let post: ID
        public let author: ID
        /// The user follows a hashtag of it: it is there whether or not he follows the author.
        public var isByTag: Bool

        public init(post: ID, author: ID, isByTag: Bool = false) {
            (self.post, self.author, self.isByTag) = (post, author, isByTag)
        }
    }

    /// Newest first, each post once.
    public let entries: [Entry]
    /// They hold every post from this id on; zero: all there are.
    public let completeFrom: ID

    public init(entries: [Entry], completeFrom: ID) {
        self.entries = entries
        self.completeFrom = completeFrom
    }
}
