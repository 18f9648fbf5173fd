import Archive
import Core
import DomainKit
import Store

/// Makes the archives that were asked for, one after the other: gathers the lines of each file, a little at a time, and then
/// packs them. After a crash whoever goes on does so from where the gathering stopped, and packs anew.
struct Exporter: Sendable {
    /// Rows of a step.
    private static let step = 200
    /// Bytes after which a step has enough rows.
    private static let stepBytes = 1 << 20
    /// Of all lines of an account.
    static let mostBytes: Int64 = 1 << 30
    /// Without a step that was done.
    private static let mostAttempts: Int64 = 10
    /// After so many seconds without a step another one takes it over.
    private static let leaseSeconds: Int64 = 10
    private static let hoursKept: Int64 = 24

    let database: Database
    let files: [ExportedFile]
    let packer: Packer
    /// Of this process.
    let name: String

    /// Makes one archive, or forgets some of what has expired.
    func run() async throws -> Job.Outcome {
        if try await tidy() { return .more }
        guard let export = try await claim() else { return .idle }
        do {
            guard try await gather(export) else { return .more }
            let length = try await packer.pack(export, files.map(\.name)) { try await renew($0, export) }
            try await finish(export, length)
        } catch is LostExport {
            // Another worker has it, or the account is erased.
        }
        return .more
    }

    private func claim() async throws -> ClaimedExport? {
        let rows = try await database.query(
            """
            UPDATE exports SET worker = \(name), leased_until = now() + make_interval(secs => \(Self.leaseSeconds)::int),
                attempts = attempts + 1,
                state = CASE WHEN attempts < \(Self.mostAttempts) THEN 'running' ELSE 'failed' END,
                expires_at = CASE WHEN attempts >= \(Self.mostAttempts) THEN \(Self.end) END
            WHERE id = (
                SELECT id FROM exports
                WHERE state IN ('waiting', 'running')
                    AND (leased_until IS NULL OR leased_until < now())
                ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, user_id, state, (extract(epoch FROM requested_at) * 1000)::bigint AS requested_at
            """)
        guard let row = rows.first else { return nil }
        let export = ClaimedExport(
            id: try row.id("id"), user: try row.id("user_id"), requestedAt: try row.integer("requested_at"))
        guard try row.text("state") == "running" else {
            Self.gaveUp(export, "it was tried \(Self.mostAttempts) times")
            return try await claim()
        }
        return export
    }

    private static let end: SQL = "now() + make_interval(hours => \(hoursKept)::int)"

    private static func gaveUp(_ export: ClaimedExport, _ why: String) {
        Log.error(.exportFailed, ["export": .text(export.id.description), "error": .text(why)])
    }

    // MARK: Gathering

    /// - Returns: false when it was given up, or is to be gone on with later.
    private func gather(_ export: ClaimedExport) async throws -> Bool {
        while !Task.isCancelled {
            let began = monotonicNanoseconds()
            switch try await step(export) {
            case .more: await Job.rest(since: began)
            case .gathered: return true
            case .tooLarge:
                Self.gaveUp(export, "the account has more than \(Self.mostBytes) bytes")
                return false
            }
        }
        return false
    }

    private enum Progress {
        case more
        case gathered
        case tooLarge
    }

    private func step(_ export: ClaimedExport) async throws -> Progress {
        try await database.transaction { transaction in
            try await renew(transaction, export)
            let row = try await transaction.query(
                "SELECT file, position, parts, bytes, gathered FROM exports WHERE id = \(export.id)")[0]
            if try row.bool("gathered") { return .gathered }
            let name = try row.optionalText("file")
            guard let place = files.firstIndex(where: { $0.name == name }) else {
                // Nothing yet, or another version of this program knew other files.
                try await transaction.batch([
                    "DELETE FROM export_parts WHERE export_id = \(export.id)",
                    """
                    UPDATE exports SET file = \(files[0].name), position = 0, parts = 0, bytes = 0 WHERE id = \(export.id)
                    """,
                ])
                return .more
            }
            let file = files[place]
            let rows = try await transaction.query(Self.page(file, export.user, behind: try row.integer("position")))
            guard let last = rows.last else {
                let next = place + 1 < files.count ? files[place + 1].name : nil
                try await transaction.query(
                    """
                    UPDATE exports SET file = \(next), position = 0, gathered = \(next == nil) WHERE id = \(export.id)
                    """)
                return .more
            }
            let lines = try Self.lines(of: rows, file)
            let bytes = try row.integer("bytes") + Int64(lines.count)
            let isTooLarge = bytes > Self.mostBytes
            try await transaction.batch([
                """
                INSERT INTO export_parts (export_id, number, file, lines, bytes)
                VALUES (\(export.id), \(try row.integer("parts"))::int, \(file.name), \(rows.count)::int, \(lines))
                """,
                """
                UPDATE exports SET position = \(try last.integer("id")), parts = parts + 1, bytes = \(bytes),
                    attempts = 0,
                    state = CASE WHEN \(isTooLarge) THEN 'failed' ELSE state END,
                    expires_at = CASE WHEN \(isTooLarge) THEN \(Self.end) END
                WHERE id = \(export.id)
                """,
            ])
            return isTooLarge ? .tooLarge : .more
        }
    }

    /// The next rows, up to the one with which they reach `stepBytes`.
    private static func page(_ file: ExportedFile, _ user: ID, behind position: Int64) -> SQL {
        let rows = file.page(.parameter(user), position, step)
        return """
            SELECT * FROM (
                SELECT l.*, sum(octet_length(l::text)) OVER (ORDER BY l.id) - octet_length(l::text) AS before
                FROM (\(rows)) l) s
            WHERE s.before < \(stepBytes) ORDER BY s.id
            """
    }

    private static func lines(of rows: PgRows, _ file: ExportedFile) throws -> [UInt8] {
        var writer = ByteWriter(capacity: rows.count * 256)
        for row in rows {
            try file.line(row, &writer)
            writer.append(ascii: "\n")
        }
        return writer.bytes
    }

    /// - Throws: `LostExport`.
    private func renew(_ transaction: Transaction, _ export: ClaimedExport) async throws {
        let renewed = try await transaction.query(
            """
            UPDATE exports SET leased_until = now() + make_interval(secs => \(Self.leaseSeconds)::int)
            WHERE id = \(export.id) AND worker = \(name) AND state = 'running'
            """)
        guard renewed.affected == 1 else { throw LostExport() }
    }

    // MARK: The end

    private func finish(_ export: ClaimedExport, _ length: Int64) async throws {
        let done = try await database.query(
            """
            UPDATE exports SET state = 'ready', length = \(length), worker = NULL, leased_until = NULL,
                expires_at = \(Self.end)
            WHERE id = \(export.id) AND worker = \(name) AND state = 'running'
            """)
        guard done.affected == 1 else { throw LostExport() }
        Log.info(.exportReady, ["export": .text(export.id.description), "bytes": .number(length)])
    }

    /// Forgets some of what nobody needs any more.
    /// - Returns: whether there was any.
    private func tidy() async throws -> Bool {
        let removed = try await database.batch([
            """
            DELETE FROM export_parts WHERE (export_id, number) IN (
                SELECT p.export_id, p.number FROM export_parts p JOIN exports e ON e.id = p.export_id
                WHERE e.expires_at IS NOT NULL LIMIT 100)
            """,
            """
            DELETE FROM export_chunks WHERE (export_id, number) IN (
                SELECT c.export_id, c.number FROM export_chunks c JOIN exports e ON e.id = c.export_id
                WHERE e.expires_at <= now() LIMIT 100)
            """,
            """
            DELETE FROM exports e WHERE e.expires_at <= now()
                AND NOT EXISTS (SELECT FROM export_chunks c WHERE c.export_id = e.id)
                AND NOT EXISTS (SELECT FROM export_parts p WHERE p.export_id = e.id)
            """,
        ])
        return removed.contains { $0.affected > 0 }
    }
}
