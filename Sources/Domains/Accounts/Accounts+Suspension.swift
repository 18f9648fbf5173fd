public import Core
public import HTTPService
public import Store

/// Who is suspended is not here for others, and may only read.
extension Accounts {
    /// How many suspensions that have come to their end are told of at a time.
    private static let mostEnded = 100

    /// Suspends somebody, with another end where that is so already, or ends it. Once it is committed, `suspended` must be
    /// told, and observers of the audience.
    /// - Parameter suspension: `nil`: there is none.
    /// - Returns: whether the user is here for others before and after; `nil`: there is no such user.
    public func suspend(
        _ transaction: Transaction, _ user: ID, _ suspension: Suspension?, _ context: TraceContext
    ) async throws -> (wasHere: Bool, isHere: Bool)? {
        let rows = try await transaction.query(
            "SELECT \(Standing.columns) FROM users u WHERE u.id = \(user) FOR NO KEY UPDATE")
        guard let before = try rows.first.map({ try Standing($0) }) else { return nil }
        try await transaction.batch([
            "UPDATE users SET suspended_until = \(suspension?.sql ?? "NULL::timestamptz") WHERE id = \(user)",
            Suspensions.notification(of: user, suspension),
        ])
        let after: Standing = before == .erasing ? .erasing : suspension.map { .suspended($0) } ?? .here
        if before.isHere != after.isHere {
            try await transaction.query(
                UserEvent.suspended(user, isSuspended: !after.isHere, context, clock: clock))
        }
        return (before.isHere, after.isHere)
    }

    /// Writes down that others see the user in another way. The row is locked.
    public func updated(_ user: ID, in transaction: Transaction, _ context: TraceContext) async throws {
        guard let row = try await transaction.query(UserRow.select(user)).first else { return }
        let view = try UserRow.view(row, relation: nil, isOwn: false)
        try await transaction.query(UserEvent.updated(view, context, clock: clock))
    }

    /// In this process at once; the others hear of it.
    public func suspended(_ user: ID, _ suspension: Suspension?) { suspensions.set(user, suspension) }

    /// As far as this process knows, without asking.
    public func isSuspended(_ user: ID) -> Bool { suspensions.contains(user) }

    /// Suspensions end by themselves, for all who read; this tells live clients.
    func endSuspensions(_ database: Database) async throws {
        try await database.transaction { transaction in
            let ended = try await transaction.query(
                """
                SELECT u.id, u.erase_at IS NOT NULL AS is_erasing FROM users u
                WHERE u.suspended_until <= now() ORDER BY u.suspended_until LIMIT \(Self.mostEnded)
                FOR NO KEY UPDATE SKIP LOCKED
                """)
            for row in ended {
                let user = try row.id("id")
                try await transaction.batch([
                    "UPDATE users SET suspended_until = NULL WHERE id = \(user)",
                    Suspensions.notification(of: user, nil),
                ])
                guard try !row.bool("is_erasing") else { continue }
                try await transaction.query(
                    UserEvent.suspended(
                        user, isSuspended: false, TraceContext(requestID: "upkeep"), clock: clock))
            }
        }
    }
}

extension Accounts {
    public static let accountSuspended = Problem(.accountSuspended, "the account is suspended")

    /// Of a caller whose token is good.
    public func refusal(of caller: Caller) -> Problem? {
        suspensions.contains(caller.user) ? Self.accountSuspended : nil
    }
}
