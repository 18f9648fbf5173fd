import Core

/// `GET /v1/notifications`, newest first; the values as they came beside what was read of them.
struct NotificationPage {
    let groups: [(group: NotifiedGroup, value: JSONValue)]

    init?(_ body: [UInt8]) {
        guard let items = (try? JSONValue.parse(body))?.object?["items"]?.array else { return nil }
        groups = items.compactMap { value in NotifiedGroup(value).map { ($0, value) } }
    }
}
