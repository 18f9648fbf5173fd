import TestSite

/// What moderators and admins do.
extension VisibilityRow {
    /// Of callers without a role.
    static let administration: [String: VisibilityRow] = [
        "listUsersForAdmins": .reads(
            Probe("all", needsSession: true, expected: { _ in Seen(403) }) {
                try await $0.caller.get("/v1/admin/users")
            }
        ),
        "listAudit": .reads(
            Probe("all", needsSession: true, expected: { _ in Seen(403) }) {
                try await $0.caller.get("/v1/admin/audit")
            }
        ),
        "listDeadLetters": .reads(
            Probe("all", needsSession: true, expected: { _ in Seen(403) }) {
                try await $0.caller.get("/v1/admin/dead-letters")
            }
        ),
        "redriveDeadLetters": .writes(
            Probe("all", needsSession: true, expected: { _ in Seen(403) }) {
                try await $0.caller.post("/v1/admin/dead-letters/redrive", ["filter": [:]])
            }),
        "readDeadLetter": .reads(
            Probe("all", needsSession: true, expected: { _ in Seen(403) }) {
                try await $0.caller.get("/v1/admin/dead-letters/1")
            }),
        "readRedrive": .reads(
            Probe("all", needsSession: true, expected: { _ in Seen(403) }) {
                try await $0.caller.get("/v1/admin/dead-letters/redrives/1")
            }),
        "purgeDeadLetters": .writes(
            Probe("all", needsSession: true, expected: { _ in Seen(403) }) {
                try await $0.caller.post("/v1/admin/dead-letters/purge", ["filter": [:]])
            }),
        "changeUser": .writes(
            Probe("the author", needsSession: true, expected: { _ in Seen(403) }) {
                try await $0.caller.send("PATCH", "/v1/admin/users/\($0.author.id)", body: Array("{}".utf8))
            }),
    ]
}
