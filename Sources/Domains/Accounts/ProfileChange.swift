public import Core
public import HTTPService
public import Store

/// What a user changes of the own profile.
public struct ProfileChange: Sendable {
    private let displayName: Merge<String>
    private let statusMessage: Merge<String>
    private let bio: Merge<String>
    /// `nil`: it stays.
    public let isPrivate: Bool?
    private let isDiscoverable: Bool?
    private let locale: Merge<String>
    private let timeZone: Merge<String>

    /// The body of a request that takes them.
    public static let body = RequestBody(
        "ProfileChange", ProfileFields.displayName, ProfileFields.statusMessage, ProfileFields.bio,
        ProfileFields.isPrivate, ProfileFields.isDiscoverable, ProfileFields.locale, ProfileFields.timeZone)

    public init(_ request: RequestContext) {
        displayName = request[ProfileFields.displayName]
        statusMessage = request[ProfileFields.statusMessage]
        bio = request[ProfileFields.bio]
        isPrivate = request[ProfileFields.isPrivate]
        isDiscoverable = request[ProfileFields.isDiscoverable]
        locale = request[ProfileFields.locale]
        timeZone = request[ProfileFields.timeZone]
    }

    /// - Returns: whether the account was private before.
    public func store(
        _ transaction: Transaction, of user: ID, _ names: NameRules, _ context: TraceContext, clock: any WallClock
    ) async throws -> Bool {
        let found = try await transaction.query(
            "\(UserRow.select(user)) FOR NO KEY UPDATE OF u")
        guard let row = found.first else { throw Problem(.unauthenticated, "the account has gone") }
        if let name = displayName.value, try !name.isExactly(row.text("display_name")) {
            try await names.check([("display_name", name)], of: user, in: transaction)
        }
        if let name = timeZone.value {
            let known = try await transaction.query("SELECT 1 AS one FROM pg_timezone_names WHERE name = \(name)")
            guard !known.isEmpty else {
                throw Problem(.invalidField, "there is no time zone of this name", field: "time_zone")
            }
        }
        try await transaction.query(
            """
            UPDATE users SET display_name = \(merged(displayName, "display_name", without: "handle")),
                status_message = \(merged(statusMessage, "status_message")), bio = \(merged(bio, "bio")),
                private = COALESCE(\(isPrivate)::boolean, private),
                discoverable = COALESCE(\(isDiscoverable)::boolean, discoverable),
                locale = \(merged(locale, "locale")), time_zone = \(merged(timeZone, "time_zone"))
            WHERE id = \(user)
            """)
        let before = try UserRow.view(row, relation: nil, isOwn: false)
        let wasPrivate = before.isPrivate
        if let isPrivate, isPrivate != wasPrivate {
            try await transaction.query(UserEvent.privacy(of: user, isPrivate: isPrivate, context, clock: clock))
        }
        if let changed = try await transaction.query(UserRow.select(user)).first {
            let after = try UserRow.view(changed, relation: nil, isOwn: false)
            if after != before { try await transaction.query(UserEvent.updated(after, context, clock: clock)) }
        }
        return wasPrivate
    }

    /// - Parameter fallback: what the column is where the key is removed.
    private func merged(_ change: Merge<String>, _ column: SQL, without fallback: SQL = "NULL::text") -> SQL {
        "CASE WHEN \(change.isKept) THEN \(column) ELSE COALESCE(\(change.value)::text, \(fallback)) END"
    }
}
