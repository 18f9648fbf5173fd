import Core
import Live

/// A read of a log for all connections of a user that are to be told the same: after a gap they are, and one read is enough.
/// Who asks when it has begun is not among them: the registration that its read must follow may be missing.
final class SharedRead {
    struct Key: Hashable {
        let log: LogKey
        let user: ID
        let held: LiveCursor?
    }

    struct Member {
        let read: LiveSession.Read
        let client: any LiveClient
        let subscriber: Subscriber
    }

    let key: Key
    var members: [Member]

    init(_ key: Key, _ first: Member) {
        self.key = key
        members = [first]
    }
}

@available(*, unavailable)
extension SharedRead: Sendable {}
