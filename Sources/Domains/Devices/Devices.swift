import Accounts
public import Core
import Crypto
import HTTPService
import Push
public import Store

/// Where users are pushed to. A device ends with the session that made it: from that moment it is in nothing that is read here.
public struct Devices: Sendable {
    /// Of one user, those that are gone aside.
    static let most: Int64 = 20
    /// Of one user, those that are gone; the oldest are forgotten.
    private static let mostGone: Int64 = 20
    /// Hours in which upkeep removes what has ended with its session; the sessions' own end removes what it misses.
    private static let upkeepHours: Int64 = 2
    static let mostAtOnce = 200

    let ids: IDGenerator
    let clock: any WallClock
    let box: SealedBox
    /// Of the secret that seals.
    let sealedBy: [UInt8]
    private let markKeys: SecretKeys
    let seals = SealPass()
    let allowsLoopback: Bool

    init(ids: IDGenerator, clock: any WallClock, secrets: SiteSecrets, allowsLoopback: Bool) {
        (self.ids, self.clock, self.allowsLoopback) = (ids, clock, allowsLoopback)
        box = SealedBox(ofStored: secrets.keys("devices"))
        sealedBy = secrets.mark
        markKeys = secrets.keys("devices by place")
    }

    /// What the place is called in the table, by each secret; the first is written.
    func marks(of content: DeviceContent, _ user: ID) -> [[UInt8]] {
        markKeys.all.map { Crypto.hmacSHA256(key: $0, content.identity(of: user)) }
    }

    /// Those `devices d` whose session lives.
    private static let lives = Accounts.lives("d.session_id")

    // MARK: What their users do

    /// A browser has one subscription, an application one token: whoever registers it last has it. The caller's own becomes one of this
    /// session.
    /// - Returns: whether it is new.
    func register(
        _ transaction: Transaction, _ content: DeviceContent, name: String?, locale: String?, of caller: Caller
    ) async throws -> (view: DeviceView, isNew: Bool) {
        let marks = marks(of: content, caller.user)
        let found = try await transaction.batch([
            // Of one place, then of one user, each behind the other.
            Self.lock(marks),
            "SELECT id FROM users WHERE id = \(caller.user) FOR NO KEY UPDATE",
            """
            SELECT d.user_id, d.id, d.kind, d.sealed, \(Self.lives) AS lives FROM devices d
            WHERE d.mark = ANY (\(marks)::bytea[]) ORDER BY d.user_id = \(caller.user) DESC, d.id DESC
            """,
        ])
        guard !found[1].isEmpty else { throw Problem(.unauthenticated, "the account has gone") }
        var renewed: DeviceView?
        for row in found[2] {
            let (user, id) = (try row.id("user_id"), try row.id("id"))
            if renewed == nil, user == caller.user, try row.bool("lives") {
                renewed = try await renew(transaction, row, content, name: name, locale: locale, of: caller)
            } else {
                try await remove(transaction, [(user, id)])
            }
        }
        if let renewed { return (renewed, false) }
        let gone = try await transaction.query(
            """
            SELECT d.user_id, d.id FROM devices d WHERE d.user_id = \(caller.user) AND d.gone_at IS NOT NULL
            ORDER BY d.gone_at DESC, d.id DESC OFFSET \(Self.mostGone)
            """)
        if !gone.isEmpty { try await remove(transaction, Self.keys(gone)) }
        let id = try ids.next()
        let made = try await transaction.query(
            """
            INSERT INTO devices AS d (
                user_id, id, session_id, kind, mark, sealed, sealed_by, name, locale, registered_at)
            SELECT \(caller.user)::bigint, \(id)::bigint, \(caller.session)::bigint, \(content.kind.rawValue)::text,
                \(marks[0]), \(content.sealed(box, for: id)), \(sealedBy), \(name)::text, \(locale)::text, now()
            WHERE \(Self.hasRoom(caller.user)) ON CONFLICT (mark) DO NOTHING
            RETURNING \(DeviceView.columns)
            """)
        guard let row = made.first else {
            throw Problem(.tooMany, "a user has at most \(Self.most) devices: remove one")
        }
        var view = try DeviceView(row)
        view.secret = content.secret
        return (view, true)
    }

    /// Of one place, in one order: a process that signs with another secret of these names them the other way round.
    static func lock(_ marks: [[UInt8]]) -> SQL {
        """
        SELECT pg_advisory_xact_lock(hashtextextended('device ' || encode(m, 'hex'), 0))
        FROM (SELECT m FROM unnest(\(marks)::bytea[]) m ORDER BY m) ordered
        """
    }

    private static func hasRoom(_ user: ID) -> SQL {
        "(SELECT count(*) FROM devices d WHERE d.user_id = \(user) AND d.gone_at IS NULL AND \(lives)) < \(most)"
    }

    /// A webhook keeps its secret.
    /// - Returns: `nil` where it has been removed meanwhile, or was gone and there is no room for it.
    private func renew(
        _ transaction: Transaction, _ row: PgRow, _ content: DeviceContent, name: String?, locale: String?,
        of caller: Caller
    ) async throws -> DeviceView? {
        let id = try row.id("id")
        let known = content.kind == .webhook ? self.content(row) : nil
        let sealed = (known ?? content).sealed(box, for: id)
        let rows = try await transaction.query(
            """
            UPDATE devices d SET session_id = \(caller.session), sealed = \(sealed), sealed_by = \(sealedBy),
                mark = \(marks(of: content, caller.user)[0]), name = \(name)::text, locale = \(locale)::text, failures = 0, gone_at = NULL, registered_at = now()
            WHERE d.user_id = \(caller.user) AND d.id = \(id) AND (d.gone_at IS NULL OR \(Self.hasRoom(caller.user)))
            RETURNING \(DeviceView.columns)
            """)
        guard let row = rows.first else { return nil }
        var view = try DeviceView(row)
        if content.kind == .webhook, known == nil { view.secret = content.secret }
        return view
    }

    func content(_ row: PgRow) -> DeviceContent? {
        guard let kind = (try? row.text("kind")).flatMap({ PushProvider(rawValue: $0) }), let id = try? row.id("id"),
            let sealed = try? row.bytes("sealed")
        else { return nil }
        return DeviceContent(sealed, kind: kind, of: id, box)
    }

    /// Newest first.
    static func page(of user: ID, below: ID, limit: Int) -> SQL {
        """
        SELECT \(DeviceView.columns) FROM devices d WHERE d.user_id = \(user) AND d.id < \(below) AND \(lives)
        ORDER BY d.id DESC LIMIT \(limit)
        """
    }

    static func some(_ devices: [ID], of user: ID) -> SQL {
        """
        SELECT \(DeviceView.columns) FROM devices d
        WHERE d.user_id = \(user) AND d.id = ANY (\(devices)::bigint[]) AND \(lives)
        """
    }

    /// A row where the user has the device.
    static func exists(_ device: ID, of user: ID) -> SQL {
        "SELECT d.id FROM devices d WHERE d.user_id = \(user) AND d.id = \(device) AND \(lives)"
    }

    /// The same, with `is_gone`.
    static func isGone(_ device: ID, of user: ID) -> SQL {
        """
        SELECT d.gone_at IS NOT NULL AS is_gone FROM devices d
        WHERE d.user_id = \(user) AND d.id = \(device) AND \(lives)
        """
    }

    static func noDevice(_ id: ID) -> Problem { Problem(.notFound, "there is no device \(id)") }

    /// One that is not there is no error: it may have ended just now.
    func remove(_ transaction: Transaction, _ device: ID, of user: ID) async throws {
        try await remove(transaction, [(user, device)])
    }

    /// What waits for them is not sent.
    func remove(_ transaction: Transaction, _ devices: [(user: ID, device: ID)]) async throws {
        try await transaction.batch([
            DeliverySQL.lock(devices.map(\.user)),
            DeliverySQL.suppressed(devices),
            """
            DELETE FROM devices d USING unnest(\(devices.map(\.user))::bigint[], \(devices.map(\.device))::bigint[]) a (u, d)
            WHERE d.user_id = a.u AND d.id = a.d
            """,
        ])
    }

    private static func keys(_ rows: PgRows) throws(PgError) -> [(user: ID, device: ID)] {
        var keys: [(user: ID, device: ID)] = []
        for row in rows { keys.append((try row.id("user_id"), try row.id("id"))) }
        return keys
    }

    /// - Returns: the new secret.
    /// - Throws: `Problem` where it is no webhook of the user.
    func rotate(_ transaction: Transaction, _ device: ID, of user: ID) async throws -> String {
        let rows = try await transaction.query(
            """
            SELECT d.id, d.kind, d.sealed FROM devices d
            WHERE d.user_id = \(user) AND d.id = \(device) AND d.kind = 'webhook' AND \(Self.lives) FOR UPDATE OF d
            """)
        guard let row = rows.first, var content = content(row) else {
            throw Problem(.notFound, "there is no webhook \(device)")
        }
        content.rotate(now: clock.milliseconds())
        try await transaction.query(
            """
            UPDATE devices SET sealed = \(content.sealed(box, for: device)), sealed_by = \(sealedBy)
            WHERE user_id = \(user) AND id = \(device)
            """)
        return content.secret ?? ""
    }

    // MARK: For who sends

    /// Those of these users to which something may be sent now. One that the site's secret does not open is left out.
    public func reachable(_ database: Database, of users: [ID]) async throws -> [Device] {
        let rows = try await database.query(
            """
            SELECT d.user_id, d.id, d.kind, d.sealed, d.locale,
                (extract(epoch FROM d.registered_at) * 1000)::bigint AS registered
            FROM devices d
            WHERE d.user_id = ANY (\(users)::bigint[]) AND d.gone_at IS NULL AND \(Self.lives) ORDER BY d.user_id, d.id
            """)
        return try rows.compactMap { row in
            guard let target = try? content(row)?.target(allowsLoopback: allowsLoopback) else { return nil }
            let id = try row.id("id")
            return Device(
                user: try row.id("user_id"), id: id, target: target, locale: try row.optionalText("locale"),
                registeredAt: try row.optionalInteger("registered") ?? id.milliseconds)
        }
    }

    // MARK: Upkeep

    /// Removes some that have ended with their sessions. One process at a time does so: two would wait for each other's rows.
    /// - Returns: how many; `mostAtOnce`: there may be more.
    func removeEnded(_ database: Database) async throws -> Int {
        try await database.transaction { transaction in
            let turn = try await transaction.query(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('devices of ended sessions', 0)) AS is_mine")
            guard try turn[0].bool("is_mine") else { return 0 }
            let rows = try await transaction.query(
                """
                SELECT d.user_id, d.id FROM devices d
                WHERE d.session_id IN (\(Accounts.endedWithin(hours: Self.upkeepHours))) LIMIT \(Self.mostAtOnce)
                """)
            guard !rows.isEmpty else { return 0 }
            try await remove(transaction, Self.keys(rows))
            return rows.count
        }
    }
}
