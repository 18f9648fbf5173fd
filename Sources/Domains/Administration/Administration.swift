public import Accounts
public import Core
import HTTPService
import Relations
public import Store

/// What moderators, admins and the operator do to users. Each change and its entry in the audit are one transaction.
public struct Administration: Sendable {
    /// What has come of a change, to be told once it is committed.
    struct Outcome: Sendable {
        let user: AdminUser
        /// The user is here for others now, or is not any more; `nil`: as before.
        let isHere: Bool?
    }

    let database: Database
    let ids: IDGenerator
    let accounts: Accounts

    // MARK: Who may

    /// - Throws: `Problem` where the caller has no such role now.
    public func check(_ caller: ID, is role: UserRole) async throws {
        let rows = try await database.query(
            "SELECT u.role, \(Standing.columns) FROM users u WHERE u.id = \(caller)")
        _ = try check(rows.first, is: role)
    }

    /// - Returns: the role that he has.
    private func check(_ row: PgRow?, is role: UserRole) throws -> UserRole {
        guard let row, case let own = try UserRole(row), own >= role else {
            throw Problem(.forbidden, "this is for users with the role \(role.rawValue)")
        }
        guard try Standing(row).isHere else { throw Accounts.accountSuspended }
        return own
    }

    // MARK: Audit

    /// What was done to something that is no user.
    /// - Parameter actor: `nil`: the operator.
    public func audited(
        _ deed: AuditEntry.Deed, by actor: ID?, after: JSONValue, _ context: TraceContext
    ) throws -> SQL {
        AuditEntry.statement(try ids.next(), actor, deed, .zero, before: [:], after: after, context)
    }

    // MARK: Changes

    /// - Parameter actor: `nil`: the operator.
    func change(
        _ transaction: Transaction, _ target: ID, _ change: AdminChange, by actor: ID?, _ context: TraceContext
    ) async throws -> Outcome {
        // In the order of ids, and before anything is looked at: a role that is taken meanwhile counts.
        let locked = try await transaction.query(
            """
            SELECT u.id, u.role, \(Standing.columns) FROM users u
            WHERE u.id = \(target) OR u.id = \(actor) ORDER BY u.id FOR NO KEY UPDATE
            """)
        func row(_ id: ID) throws -> PgRow? { try locked.first { try $0.id("id") == id } }
        let role = try actor.map { try check(row($0), is: .moderator) }
        guard let found = try row(target) else { throw Problem(.notFound, "there is no user \(target)") }
        let before = try UserRole(found)
        try change.check(by: role, on: before)
        if let new = change.role, new != before {
            try await transaction.batch([
                "UPDATE users SET role = \(new.rawValue) WHERE id = \(target)",
                AuditEntry.statement(
                    try ids.next(), actor, .changedRole, target, before: ["role": .string(before.rawValue)],
                    after: ["role": .string(new.rawValue)], context),
            ])
            try await accounts.updated(target, in: transaction, context)
        }
        let isHere = try await suspend(transaction, target, change, Suspension.now(found), by: actor, context)
        let rows = try await transaction.query(
            "SELECT \(AdminUser.columns) FROM users u \(UserRow.counters) WHERE u.id = \(target)")
        return Outcome(user: try AdminUser(rows[0]), isHere: isHere)
    }

    private func suspend(
        _ transaction: Transaction, _ target: ID, _ change: AdminChange, _ old: Suspension?, by actor: ID?,
        _ context: TraceContext
    ) async throws -> Bool? {
        let new = change.suspension.value
        guard !change.suspension.isKept,
            let (wasHere, isHere) = try await accounts.suspend(transaction, target, new, context)
        else { return nil }
        if old != new {
            try await transaction.query(
                AuditEntry.statement(
                    try ids.next(), actor, new == nil ? .restored : .suspended, target, before: Self.json(old),
                    after: Self.json(new), context))
        }
        return wasHere == isHere ? nil : isHere
    }

    private static func json(_ suspension: Suspension?) -> JSONValue {
        suspension.map { ["suspended_until": .string($0.text)] } ?? [:]
    }

    /// By the operator.
    /// - Returns: false where nobody has the handle.
    public func change(handle: String, _ change: AdminChange) async throws -> Bool {
        guard let user = try await Users(database: database).id(handle: handle) else { return false }
        _ = try await database.transaction {
            try await self.change($0, user, change, by: nil, TraceContext(requestID: "martlet admin"))
        }
        return true
    }

    /// Ends all sessions of a user, by the operator.
    /// - Returns: how many; `nil` where nobody has the handle.
    public func endSessions(handle: String) async throws -> Int? {
        guard let user = try await Users(database: database).id(handle: handle) else { return nil }
        return try await database.transaction { transaction in
            let count = try await accounts.endSessions(transaction, of: user)
            try await transaction.query(
                AuditEntry.statement(
                    try ids.next(), nil, .endedSessions, user, before: [:], after: ["ended": .integer(Int64(count))],
                    TraceContext(requestID: "martlet sessions")))
            return count
        }
    }

    /// Ends all sessions that there are, by the operator.
    public func endAllSessions() async throws {
        try await database.transaction { transaction in
            let last = try await accounts.endAllSessions(transaction)
            try await transaction.query(
                try audited(
                    .endedAllSessions, by: nil, after: ["up_to": .string(last.description)],
                    TraceContext(requestID: "martlet sessions")))
        }
    }

    // MARK: Lists

    /// Users whose handles begin with it, newest first.
    /// - Parameter prefix: what a handle has; `nil`: all.
    func users(_ prefix: String?, below: ID, limit: Int) async throws -> [AdminUser] {
        let isWanted: SQL
        if let prefix {
            // What is behind all that begins so: a handle has no `~`.
            isWanted = "u.handle COLLATE \"C\" >= \(prefix) AND u.handle COLLATE \"C\" < \(prefix + "~")"
        } else {
            isWanted = "true"
        }
        return try await database.query(
            """
            SELECT \(AdminUser.columns) FROM users u \(UserRow.counters)
            WHERE u.id < \(below) AND \(isWanted) ORDER BY u.id DESC LIMIT \(limit)
            """
        ).map { try AdminUser($0) }
    }

    /// Newest first.
    func audit(below: ID, limit: Int) async throws -> [AuditEntry] {
        try await database.query(
            "SELECT \(AuditEntry.columns) FROM audit WHERE id < \(below) ORDER BY id DESC LIMIT \(limit)"
        ).map { try AuditEntry($0) }
    }
}
