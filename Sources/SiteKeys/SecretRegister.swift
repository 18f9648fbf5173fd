import Core
public import Crypto
public import Formats
import Runtime
public import Store
import Synchronization

/// Writes down which secrets a process signs with and accepts, by their marks, and says where others differ so that one refuses
/// what the other has signed.
public final class SecretRegister: Sendable {
    private static let pause: UInt64 = 5_000_000_000
    /// A process that has shown itself within this time counts as there.
    private static let isThere: SQL = "seen_at > now() - interval '60 seconds'"

    private let database: Database
    private let process: ProcessInfo
    private let secrets: SiteSecrets
    private let differences = Metrics.shared.gauge(.secretDifferences)
    /// Of these it was said.
    private let told = Mutex<Set<String>>([])
    private let task = Mutex<Task<Void, Never>?>(nil)

    public init(_ database: Database, _ process: ProcessInfo, _ secrets: SiteSecrets) {
        (self.database, self.process, self.secrets) = (database, process, secrets)
    }

    /// Whether all processes that are there sign with this secret: what others seal is no more of another one.
    public static func allSign(with mark: [UInt8]) -> SQL {
        "NOT EXISTS (SELECT FROM secrets_in_use i WHERE i.\(isThere) AND i.signs <> \(mark))"
    }

    public func begin() async throws {
        let last = try await database.query("SELECT mark FROM signing_secrets ORDER BY seen_at DESC, mark LIMIT 1")
        if let last = try last.first?.bytes("mark"), !secrets.acceptedMarks.contains(last) {
            // Who can make tokens of a leaked secret could have ended no session: they live on.
            Log.warning(
                .secretChanged,
                [
                    "hint": """
                    another secret signed before, and is not accepted: access tokens of it are refused, log-ins go on by their \
                    refresh tokens. After a leak: martlet sessions end --all
                    """
                ])
        }
        try await look()
        task.withLock { $0 = Task { await follow() } }
    }

    private func follow() async {
        while (try? await Task.sleep(nanoseconds: Self.pause)) != nil {
            do {
                try await look()
            } catch {
                Log.debug(.secretsNotCompared, ["error": .text("\(error)")])
            }
        }
    }

    /// How many differ, as of the last look.
    package var found: Int { told.withLock { $0.count } }

    package func look() async throws {
        let (mark, accepted) = (secrets.mark, secrets.acceptedMarks)
        let rows = try await database.batch([
            """
            INSERT INTO secrets_in_use (process, title, signs, accepts)
            VALUES (\(process.id), \("\(process.role), process \(process.pid) on \(process.host)"), \(mark),
                \(accepted)::bytea[])
            ON CONFLICT (process) DO UPDATE SET accepts = excluded.accepts, seen_at = now()
            """,
            """
            INSERT INTO signing_secrets AS s (mark) VALUES (\(mark)) ON CONFLICT (mark) DO UPDATE SET seen_at = now()
            WHERE s.seen_at < now() - interval '1 minute'
            """,
            "DELETE FROM secrets_in_use WHERE seen_at < now() - interval '10 minutes'",
            """
            SELECT process, title, signs = ANY (\(accepted)::bytea[]) AS is_accepted, \(mark) = ANY (accepts) AS accepts
            FROM secrets_in_use
            WHERE \(Self.isThere) AND NOT (signs = ANY (\(accepted)::bytea[]) AND \(mark) = ANY (accepts))
            ORDER BY process LIMIT 1000
            """,
        ])[3]
        differences.set(rows.count)
        let there = Set(try rows.map { try $0.text("process") })
        let before = told.withLock { told in
            defer { told = there }
            return told
        }
        for row in rows where !before.contains(try row.text("process")) {
            Log.warning(
                .secretsDiffer,
                [
                    "process": .text(try row.text("title")),
                    "it_is_accepted_here": .text(try row.bool("is_accepted") ? "yes" : "no"),
                    "accepts_ours": .text(try row.bool("accepts") ? "yes" : "no"),
                    "hint": "one of the two refuses what the other signs: see MARTLET_SECRETS_ACCEPTED",
                ])
        }
    }

    /// The process ends.
    public func end() async {
        let running = task.withLock { task in
            defer { task = nil }
            return task
        }
        running?.cancel()
        await running?.value
        _ = try? await database.query("DELETE FROM secrets_in_use WHERE process = \(process.id)")
    }
}
