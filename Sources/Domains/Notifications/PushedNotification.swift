public import Core

/// A notification as it is pushed.
public struct PushedNotification: Sendable {
    let group: NotificationGroup
    public let user: ID
    /// How many the user has not read.
    public let unread: Int64
    /// Of who did it last: does the user follow him, and he the user? Both `nil`: nobody did it.
    public let followsActor: Bool?
    public let isFollowedByActor: Bool?

    public var id: ID { group.id }
    public var key: String { group.key }
    public var type: String { group.type }
    public var count: Int64 { group.count }
    /// Handles of those who did it last.
    public var actors: [String] { group.actors.map(\.handle) }
    /// What is written of it; `nil`: nothing.
    public var text: String? { group.object?.text }
    /// Of its object.
    public var object: (type: String, id: ID)? { group.object.map { ($0.type, $0.id) } }

    /// As the list has it.
    /// - Parameter hasText: says what was written.
    public func append(to json: inout ByteWriter, hasText: Bool) {
        var shown = group
        if !hasText { shown = shown.withoutText }
        shown.append(to: &json)
    }
}
