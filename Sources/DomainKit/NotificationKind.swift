public import Core
public import Store

/// A kind of notifications, as the domain declares it whose events cause them.
///
/// **An event only says where to look.** What has caused a notification is read from the domain's tables, in the transaction that
/// writes it down: so an event that comes twice, late, or behind one of another topic that undoes it changes nothing.
public struct NotificationKind: Sendable {
    /// Where to look.
    public struct Subject: Sendable, Hashable {
        /// What it is about, or the cause itself (`Finding`).
        public let what: ID
        /// Who did it, or who is to be told of it.
        public let who: ID
        /// True where something may have begun; false where something has ended, and nothing may begin.
        public let begins: Bool

        public init(_ what: ID, _ who: ID = .zero, begins: Bool) {
            (self.what, self.who, self.begins) = (what, who, begins)
        }
    }

    /// How that is found which was notified before.
    public enum Finding: Sendable {
        /// `who` did something to the object `what`; of a kind without objects, to the user `what`.
        case actor
        /// `what` is the cause. A subject with a `who` is about this receiver only.
        case cause
    }

    /// Rows `user_id`, in that order, of those who are to be told of `what`, behind a position: for kinds with more receivers than
    /// one statement may write. The subjects of their events have no `who`; they are made anew, with each receiver as one.
    public typealias Receivers = @Sendable (_ what: SQL, _ position: SQL, _ limit: Int) -> SQL

    /// As clients see it: 1 to 16 of `a-z_`. Kinds of one type have different objects.
    public let type: String
    /// `nil`: it is about nothing but who did it, and all of them are one group.
    public let object: NotificationObject?
    /// Whose records have the events.
    public let topic: String
    public let finding: Finding
    public let receivers: Receivers?
    /// `nil`: the event is of no interest.
    public let subject: @Sendable (Envelope) -> Subject?
    /// Rows of what is so now, whoever may be told: `user_id`, the receiver; `object_id`, NULL without objects; `actor_id`, who did it,
    /// NULL: nobody; `cause_id`, an id that no other cause of the group has; `post_id`, with which it goes, or NULL; `since`, an id of about
    /// the time at which it began, NULL where none is known.
    /// - Parameter subjects: a table `s` with columns `what` and `who`.
    public let causes: @Sendable (_ subjects: SQL) -> SQL

    public init(
        _ type: String, about object: NotificationObject? = nil, on topic: String, foundBy finding: Finding,
        for receivers: Receivers? = nil, subject: @escaping @Sendable (Envelope) -> Subject?,
        causes: @escaping @Sendable (_ subjects: SQL) -> SQL
    ) {
        precondition(
            1...16 ~= type.utf8.count && type.utf8.allSatisfy { 97...122 ~= $0 || $0 == 95 },
            "'\(type)' is no type of notifications")
        (self.type, self.object, self.topic, self.finding) = (type, object, topic, finding)
        (self.receivers, self.subject, self.causes) = (receivers, subject, causes)
    }
}

/// What a notification is about. All are expressions of SQL, of an id and of its reader's.
public struct NotificationObject: Sendable {
    /// As clients see it: 1 to 16 of `a-z`.
    public let type: String
    /// May the reader see it?
    public let isShown: @Sendable (_ object: SQL, _ reader: SQL) -> SQL
    /// What it says, or NULL. Asked only where it is shown.
    public let text: @Sendable (_ object: SQL) -> SQL
    /// Whether an event says that one is gone for good, and which.
    public let ended: @Sendable (Envelope) -> ID?

    public init(
        _ type: String, isShown: @escaping @Sendable (_ object: SQL, _ reader: SQL) -> SQL,
        text: @escaping @Sendable (_ object: SQL) -> SQL, ended: @escaping @Sendable (Envelope) -> ID? = { _ in nil }
    ) {
        precondition(
            1...16 ~= type.utf8.count && type.utf8.allSatisfy { 97...122 ~= $0 }, "'\(type)' is no type of an object")
        (self.type, self.isShown, self.text, self.ended) = (type, isShown, text, ended)
    }
}
