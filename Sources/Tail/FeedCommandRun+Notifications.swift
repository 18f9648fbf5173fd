import Core
import HTTPClient

/// What the user is notified of, where it is pushed to, and how he wants it.
extension FeedCommandRun {
    private static let mostDevices = 1_000

    func showNotifications() throws(TailEnd) {
        guard let page = NotificationPage(try call("GET", "/v1/notifications?limit=\(options.posts)").body) else {
            throw Self.strange
        }
        for (group, value) in page.groups.reversed() {
            let handle = group.handle.map { "@\($0) " } ?? ""
            try write(value, "\(rfc3339(milliseconds: group.milliseconds)) \(handle)\(group.text)")
        }
    }

    /// Those that come meanwhile stay unread.
    func markRead() throws(TailEnd) {
        guard let page = NotificationPage(try call("GET", "/v1/notifications?limit=1").body) else { throw Self.strange }
        guard let newest = page.groups.first?.group.id else {
            return try tell(["unread": .integer(0)], "there are no notifications")
        }
        let body = JSONValue.object(["up_to": .string(newest.description)])
        let marked = try object(call("PUT", "/v1/notifications/read", body: Array(body.text.utf8)))
        guard let unread = marked["unread"]?.integer else { throw Self.strange }
        try tell(marked, "read, but for \(unread) that came meanwhile")
    }

    // MARK: Devices

    func devices() throws(TailEnd) {
        try eachItem(of: "/v1/devices", most: Self.mostDevices) { (item) throws(TailEnd) in
            guard let device = item.object, let id = device["id"]?.string, let kind = device["kind"]?.string,
                let state = device["state"]?.string
            else { throw Self.strange }
            let name = device["name"]?.string.map { " \($0)" } ?? ""
            let last = device["last_success"]?.string.map { ", reached \($0)" } ?? ""
            try write(item, "\(id) \(kind)\(name): \(state)\(last)")
        }
    }

    func addWebhook(url: String) throws(TailEnd) {
        guard options.token != nil else {
            throw .failed(
                "a device ends with the session that adds it, and this one with the command: give MARTLET_TOKEN",
                code: TailExit.credentials)
        }
        let body = JSONValue.object(["kind": .string("webhook"), "url": .string(url)])
        let device = try object(call("POST", "/v1/devices", body: Array(body.text.utf8)))
        guard let id = device["id"]?.string else { throw Self.strange }
        try tell(device, device["secret"]?.string.map { "\(id), its secret, this once: \($0)" } ?? "\(id) was there")
    }

    func removeDevice(_ id: ID) throws(TailEnd) {
        _ = try call("DELETE", "/v1/devices/\(id)")
        try tell(["removed": .string(id.description)], "nothing is sent there any more")
    }

    func testDevice(_ id: ID) throws(TailEnd) {
        try tell(object(call("POST", "/v1/devices/\(id)/test")), "a test is on its way")
    }

    func rotateSecret(_ id: ID) throws(TailEnd) {
        let made = try object(call("POST", "/v1/devices/\(id)/rotate"))
        guard let secret = made["secret"]?.string else { throw Self.strange }
        try tell(made, "both sign for a day; the new secret, this once: \(secret)")
    }

    // MARK: Preferences

    func showPreferences() throws(TailEnd) {
        try show(object(call("GET", "/v1/me/preferences")))
    }

    /// The document is put as it was read, but for what changes; somebody who was faster is not overwritten.
    func prefer(_ change: PreferenceChange) throws(TailEnd) {
        let reply = try call("GET", "/v1/me/preferences")
        var preferences = try object(reply)
        guard let tag = reply.header("ETag") else { throw Self.strange }
        switch change {
        case .type(let name, let key, let isOn):
            guard var types = preferences["types"]?.object, var type = types[name]?.object else {
                throw .failed("there is no type \(name): see martlet preferences", code: TailExit.credentials)
            }
            type.set(key, .bool(isOn))
            types.set(name, .object(type))
            preferences.set("types", .object(types))
        case .digest(let pace): preferences.set("digest", .string(pace))
        case .quiet(let from, let to, let zone):
            var quiet = preferences["quiet"]?.object ?? [:]
            for (key, text) in [("from", from), ("to", to), ("time_zone", zone)] { quiet.set(key, .string(text)) }
            preferences.set("quiet", .object(quiet))
        case .noQuiet: preferences = JSONObject(preferences.members.filter { $0.0 != "quiet" })
        }
        let body = Array(JSONValue.object(preferences).text.utf8)
        try show(object(call("PUT", "/v1/me/preferences", headers: [("If-Match", tag)], body: body)))
    }

    private func show(_ preferences: JSONObject) throws(TailEnd) {
        guard let types = preferences["types"]?.object else { throw Self.strange }
        func word(_ type: JSONObject?, _ key: String) -> String {
            "\(key) \(type?[key] == .bool(false) ? "off" : "on")"
        }
        var lines = types.members.map { name, type in
            "\(name): \(word(type.object, "inbox")), \(word(type.object, "push"))"
        }
        if let quiet = preferences["quiet"]?.object {
            let (from, to) = (quiet["from"]?.string ?? "", quiet["to"]?.string ?? "")
            lines.append("quiet: from \(from) to \(to), \(quiet["time_zone"]?.string ?? "")")
        }
        for key in ["digest", "only_from"] {
            if let word = preferences[key]?.string { lines.append("\(key): \(word)") }
        }
        try tell(preferences, lines.joined(separator: "\n"))
    }

    private func write(_ value: JSONValue, _ text: String) throws(TailEnd) {
        try output.write((options.json ? Harmless.json(value.text) : Harmless.escaped(text)) + "\n")
    }
}
