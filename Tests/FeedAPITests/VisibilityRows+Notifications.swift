import TestSite

/// What users are notified of.
extension VisibilityRow {
    static let notifications: [String: VisibilityRow] = [
        // What the caller has sent, and what was sent to the caller's own.
        "addDevice": .ownOnly("a device of the caller's"), "listDevices": .ownOnly("the caller's devices"),
        "removeDevice": .ownOnly("the caller's device"), "rotateSecret": .ownOnly("the caller's webhook"),
        "testDevice": .ownOnly("the caller's device: DeviceTests.othersDevicesAreNotThere"),
        "listDeliveries": .ownOnly("the caller's device: DeviceTests.othersDevicesAreNotThere"),
        "getPushKey": .ownOnly("the service's key"),
        // Words, hours and a zone of the caller's own.
        "getPreferences": .ownOnly("the caller's wishes"), "putPreferences": .ownOnly("the caller's wishes"),
        "listNotifications": .reads(
            Probe("the caller's", needsSession: true, expected: notified) { world in
                try await world.site.settle()
                return try await world.caller.get("/v1/notifications")
            }),
        "listNotificationActors": .reads(
            Probe(
                "of a mention by the author", needsSession: true,
                expected: { mayBeNotified($0) ? Seen(200, [.author]) : Seen(404) }
            ) { try await $0.caller.get("/v1/notifications/mention:post:\($0.mentionOfViewer)/actors") },
            Probe(
                "of those who follow", needsSession: true, expected: { $0.isSelf ? Seen(200, [.third]) : Seen(404) }
            ) { try await $0.caller.get("/v1/notifications/follow/actors") }),
        "readNotifications": .writes(
            Probe("the caller's", needsSession: true, expected: { _ in Seen(200) }) {
                try await $0.caller.put("/v1/notifications/read", ["keys": ["follow"]])
            }),
        "removeNotification": .writes(
            Probe("the caller's", needsSession: true, expected: { _ in Seen(204) }) {
                try await $0.caller.delete("/v1/notifications/mention:post:\($0.mentionOfViewer)")
            }),
        "setBell": .writes(
            Probe("of the author", needsSession: true, expected: bell) {
                try await $0.caller.put("/v1/users/\($0.author.id)/bell")
            }),
        "removeBell": .writes(
            Probe("of the author", needsSession: true, expected: { _ in Seen(204) }) {
                try await $0.caller.delete("/v1/users/\($0.author.id)/bell")
            }),
    ]

    private static func mayBeNotified(_ c: VisibilityCase) -> Bool { !c.isSelf && c.isOpen && !c.isMuting }

    /// The author is told of who follows him and likes his posts, the viewer that he was mentioned.
    @Sendable static func notified(_ c: VisibilityCase) -> Seen {
        if c.isSelf { return Seen(200, [.third, .publicPost, .postForFollowers, .mentionOfViewer]) }
        return Seen(200, mayBeNotified(c) ? [.author, .mentionOfViewer] : [])
    }

    @Sendable private static func bell(_ c: VisibilityCase) -> Seen {
        if c.isSelf { return Seen(400) }
        if !c.exists { return Seen(404) }
        return Seen(c.isBlocking ? 403 : 204)
    }
}
