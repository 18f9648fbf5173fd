public import Core
import Crypto
public import Push
public import Store

/// The token of one of Apple's keys, for all processes of the site: kept sealed in PostgreSQL while it is good.
public struct SitePushTokens: Sendable, Concealed {
    private let database: Database
    private let box: SealedBox
    private let mark: [UInt8]

    /// - Parameter name: of Apple's key.
    public init(_ database: Database, secret: [UInt8], name: String) {
        self.database = database
        box = SealedBox(key: Crypto.derivedKey("push tokens", from: secret))
        mark = Array(Crypto.derivedKey("the token of \(name)", from: secret).prefix(16))
    }

    /// `nil`: there is none.
    public func newest() async throws -> APNsTokens.Token? {
        let rows = try await database.query(
            "SELECT sealed, extract(epoch FROM made_at)::bigint AS made_at FROM push_tokens WHERE mark = \(mark)")
        guard let row = rows.first, let text = box.open(try row.bytes("sealed"), for: mark) else { return nil }
        return APNsTokens.Token(text: String(decoding: text, as: UTF8.self), madeAt: try row.integer("made_at"))
    }

    /// - Returns: the newest: the one that is given, or another process's of the last 20 minutes.
    public func keep(_ token: APNsTokens.Token) async throws -> APNsTokens.Token {
        // One of a clock that is ahead is no reason to wait.
        let rows = try await database.query(
            """
            INSERT INTO push_tokens AS t (mark, sealed, made_at)
            VALUES (\(mark), \(box.seal(Array(token.text.utf8), for: mark)), to_timestamp(\(token.madeAt)::bigint))
            ON CONFLICT (mark) DO UPDATE SET sealed = excluded.sealed, made_at = excluded.made_at
                WHERE abs(extract(epoch FROM excluded.made_at - t.made_at)) >= \(APNsTokens.leastAge)
            RETURNING mark
            """)
        return rows.isEmpty ? try await newest() ?? token : token
    }
}
