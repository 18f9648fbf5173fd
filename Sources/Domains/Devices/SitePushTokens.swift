public import Core
public import Crypto
public import Push
public import Store

/// The token of one of Apple's keys, for all processes of the site: kept sealed in PostgreSQL while it is good.
public struct SitePushTokens: Sendable, Concealed {
    private let database: Database
    private let box: SealedBox
    /// Of each secret, the one that signs first.
    private let marks: [[UInt8]]

    /// - Parameter name: of Apple's key.
    public init(_ database: Database, _ secrets: SiteSecrets, name: String) {
        self.database = database
        box = SealedBox(ofStored: secrets.keys("push tokens"))
        marks = secrets.keys("the token of \(name)").all.map { Array($0.prefix(16)) }
    }

    /// `nil`: there is none.
    public func newest() async throws -> APNsTokens.Token? {
        let rows = try await database.query(
            """
            SELECT mark, sealed, extract(epoch FROM made_at)::bigint AS made_at FROM push_tokens
            WHERE mark = ANY (\(marks)::bytea[]) ORDER BY push_tokens.made_at DESC LIMIT 1
            """)
        guard let row = rows.first, let text = box.open(try row.bytes("sealed"), for: try row.bytes("mark")) else {
            return nil
        }
        if try row.bytes("mark") != marks[0] {
            // It is good for longer than its secret may be: another one within 20 minutes would be refused.
            try await database.query(
                """
                INSERT INTO push_tokens AS t (mark, sealed, made_at)
                SELECT \(marks[0])::bytea, \(box.seal(text, for: marks[0])), made_at FROM push_tokens
                WHERE mark = \(try row.bytes("mark"))
                ON CONFLICT (mark) DO UPDATE SET sealed = excluded.sealed, made_at = excluded.made_at
                    WHERE t.made_at < excluded.made_at
                """)
        }
        return APNsTokens.Token(text: String(decoding: text, as: UTF8.self), madeAt: try row.integer("made_at"))
    }

    /// - Returns: the newest: the one that is given, or another process's of the last 20 minutes.
    public func keep(_ token: APNsTokens.Token) async throws -> APNsTokens.Token {
        // One of a clock that is ahead is no reason to wait. A process that signs with another secret has a row of its own.
        let rows = try await database.query(
            """
            INSERT INTO push_tokens AS t (mark, sealed, made_at)
            SELECT \(marks[0])::bytea, \(box.seal(Array(token.text.utf8), for: marks[0])), to_timestamp(\(token.madeAt)::bigint)
            WHERE NOT EXISTS (
                SELECT FROM push_tokens o WHERE o.mark = ANY (\(marks)::bytea[])
                    AND abs(extract(epoch FROM to_timestamp(\(token.madeAt)::bigint) - o.made_at)) < \(APNsTokens.leastAge))
            ON CONFLICT (mark) DO UPDATE SET sealed = excluded.sealed, made_at = excluded.made_at
                WHERE abs(extract(epoch FROM excluded.made_at - t.made_at)) >= \(APNsTokens.leastAge)
            RETURNING mark
            """)
        return rows.isEmpty ? try await newest() ?? token : token
    }
}
