import Core

/// Which notifications have been shown: each new cause gives one a new id.
struct ShownNotifications {
    /// Ids that are kept; events of older ones do not come.
    private static let most = 500
    private var ids = FIFO<ID>()
    private var known: Set<ID> = []
    /// Of the list that was read: no event with a smaller or equal one says more.
    private var version: Int64 = -1

    /// Those of a list that are new, oldest first.
    mutating func take(_ page: NotificationPage) -> [(group: NotifiedGroup, value: JSONValue)] {
        version = max(version, page.version)
        return page.groups.reversed().filter { insert($0.group.id) }
    }

    /// Whether an event is to be shown.
    mutating func take(_ event: JSONObject, _ type: String) -> Bool {
        guard event["version"]?.integer.map({ $0 > version }) ?? true else { return false }
        guard let group = event["group"].flatMap(NotifiedGroup.init) else { return true }
        return insert(group.id) || type != "notification.created"
    }

    private mutating func insert(_ id: ID) -> Bool {
        guard known.insert(id).inserted else { return false }
        ids.append(id)
        if ids.count > Self.most, let oldest = ids.popFirst() { known.remove(oldest) }
        return true
    }
}
