public import Core
public import HTTPService
public import Store

/// Which sessions live. The view `live_sessions` says what that means.
extension Accounts: EndedSessions {
    /// Whether the session with the id in a column lives.
    @Sendable public static func lives(_ session: SQL) -> SQL {
        "EXISTS (SELECT FROM live_sessions l WHERE l.id = \(session))"
    }

    /// Asks the store.
    public func isLive(_ session: ID) async throws -> Bool {
        try await !database.query("SELECT id FROM live_sessions WHERE id = \(session)").isEmpty
    }

    /// Those of the sessions that do not live any more.
    public func over(among sessions: [ID]) async throws -> [ID] {
        try await database.query(
            """
            SELECT asked.id FROM unnest(\(sessions)::bigint[]) asked (id)
            WHERE NOT \(Self.lives("asked.id"))
            """
        ).map { try $0.id("id") }
    }

    /// As far as this process knows, without asking.
    public func hasEnded(_ session: ID) -> Bool { revocations.contains(session) }

    /// How many seconds the access token of a caller has still to live.
    public func secondsLeft(of caller: Caller) -> Int64 { caller.expiresAt - clock.milliseconds() / 1000 }

    public func endedSessions(withinSeconds seconds: Int64?) async throws -> [(session: ID, until: Int64)] {
        try await database.query(seconds.map(Self.endedLately) ?? Self.endedWithTokens)
            .map { (try $0.id("id"), try $0.integer("until")) }
    }

    public func lastEnded() async throws -> ID {
        try await database.query("SELECT up_to FROM ended_sessions").first?.id("up_to") ?? .zero
    }

    /// Ids of sessions that somebody or upkeep has ended within some hours.
    public static func endedWithin(hours: Int64) -> SQL {
        "SELECT ended.id FROM sessions ended WHERE ended.ended_at > now() - make_interval(hours => \(hours)::int)"
    }

    private static func endedLately(withinSeconds seconds: Int64) -> SQL {
        """
        SELECT id, (extract(epoch FROM COALESCE(
            tokens_until + make_interval(secs => \(Revocations.clockSkew)::int),
            ended_at + make_interval(secs => \(Revocations.seconds)::int))) * 1000)::bigint AS until
        FROM sessions WHERE ended_at > now() - make_interval(secs => \(seconds)::int) AND \(isNoneOfAll)
        UNION ALL
        \(expiredLately(withinSeconds: seconds))
        """
    }

    /// Those that ended together with all are known by the last of them.
    static let isNoneOfAll: SQL = "id > (SELECT up_to FROM ended_sessions)"

    /// Those whose last token has expired: upkeep makes an end of that later.
    private static func expiredLately(withinSeconds seconds: Int64) -> SQL {
        """
        SELECT id, (extract(epoch FROM now() + make_interval(secs => \(Revocations.seconds)::int)) * 1000)::bigint
        FROM (
            SELECT session_id AS id FROM refresh_tokens
            WHERE spent_at IS NULL AND expires_at <= now()
                AND expires_at > now() - make_interval(secs => \(seconds)::int)
            UNION
            SELECT id FROM sessions
            WHERE tokens_until <= now() AND tokens_until > now() - make_interval(secs => \(seconds)::int)
        ) expired WHERE NOT \(lives("expired.id"))
        """
    }

    private static var endedWithTokens: SQL {
        let (lifetime, skew) = (SQL.parameter(Revocations.seconds), SQL.parameter(Revocations.clockSkew))
        return """
            SELECT id, (extract(epoch FROM ended_at + make_interval(secs => \(lifetime)::int)) * 1000)::bigint AS until
            FROM sessions WHERE ended_at > now() - make_interval(secs => \(lifetime)::int) AND \(isNoneOfAll)
            UNION ALL
            SELECT id, (extract(epoch FROM tokens_until + make_interval(secs => \(skew)::int)) * 1000)::bigint
            FROM sessions WHERE tokens_until > now() - make_interval(secs => \(skew)::int) AND ended_at IS NOT NULL
                AND \(isNoneOfAll)
            """
    }

    /// Tells all processes of ends, once they are committed.
    /// - Parameter session: its id as text, an expression of SQL.
    static func notification(of session: SQL) -> SQL { "pg_notify(\(sessionChannel.description), \(session))" }

    /// Ends the sessions whose last refresh token has expired, some at a time, and tells all processes.
    public static func endExpired(_ database: Database) async throws {
        try await database.query(
            """
            WITH expired AS (
                DELETE FROM refresh_tokens WHERE hash IN (
                    SELECT hash FROM refresh_tokens WHERE spent_at IS NULL AND expires_at <= now()
                    ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
                RETURNING session_id),
            ended AS (
                UPDATE sessions s SET ended_at = now()
                WHERE id IN (SELECT session_id FROM expired) AND ended_at IS NULL AND NOT EXISTS (
                    SELECT FROM refresh_tokens t
                    WHERE t.session_id = s.id AND t.spent_at IS NULL AND t.expires_at > now())
                RETURNING id)
            SELECT \(notification(of: "id::text")) FROM ended
            """)
    }

    /// Forgets refresh tokens that were spent and have expired, sessions that ended a month ago, with the tokens they had,
    /// and those of the operator's tools a month after their token; some at a time. An unspent token is left to
    /// `endExpired`, which ends its session; what another process is about to forget, to that one.
    public static func removeExpired(_ database: Database) async throws {
        try await database.batch([
            """
            DELETE FROM refresh_tokens WHERE hash IN (
                SELECT hash FROM refresh_tokens
                WHERE spent_at IS NOT NULL AND expires_at < now() - interval '1 day'
                ORDER BY expires_at LIMIT 10000 FOR UPDATE SKIP LOCKED)
            """,
            """
            DELETE FROM sessions WHERE id IN (
                SELECT id FROM sessions WHERE ended_at < now() - interval '31 days'
                    AND COALESCE(tokens_until < now() - interval '1 day', true)
                ORDER BY ended_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
            """,
            """
            DELETE FROM sessions WHERE id IN (
                SELECT id FROM sessions s WHERE tokens_until < now() - interval '31 days'
                    AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id)
                ORDER BY tokens_until LIMIT 1000 FOR UPDATE SKIP LOCKED)
            """,
        ])
    }
}
