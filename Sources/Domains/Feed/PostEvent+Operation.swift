import Posts

extension PostEvent {
    /// What it does to the timelines of followers.
    var operation: NodeEvent.Operation {
        switch self {
        case .created: .created
        case .updated: .updated
        case .deleted: .deleted
        }
    }
}
