import Core

/// `GET /v1/notifications`, newest first; the values as they came beside what was read of them.
struct NotificationPage {
    let groups: [(group: NotifiedGroup, value: JSONValue)]
    /// Events with no larger one are in it.
    let version: Int64

    init?(_ body: [UInt8]) {
        guard let object = (try? JSONValue.parse(body))?.object, let items = object["items"]?.array,
            let version = object["version"]?.integer
        else { return nil }
        self.version = version
        groups = items.compactMap { value in NotifiedGroup(value).map { ($0, value) } }
    }
}
