import Accounts
import Archive
import Core
import Crypto
import DomainKit
import Store

/// Makes an archive of what was gathered, and stores it in chunks. It holds one part and one chunk at a time.
struct Packer: Sendable {
    let database: Database
    let signer: SigningKey
    let clock: any WallClock

    /// What one archive is made with.
    private final class Work {
        let zip: ZIPWriter
        var chunks: Int64 = 0
        var length: Int64 = 0
        /// Of the next part.
        var number: Int64 = 0

        init(modified: Int64) { zip = ZIPWriter(modified: Int(modified / 1000)) }
    }

    /// - Parameters:
    ///   - files: in their order.
    ///   - renew: throws where it is to be left to somebody else.
    /// - Returns: the length of the archive in bytes.
    func pack(
        _ export: ClaimedExport, _ files: [String], renew: @escaping @Sendable (Transaction) async throws -> Void
    ) async throws -> Int64 {
        try await database.query("DELETE FROM export_chunks WHERE export_id = \(export.id)")
        let now = clock.milliseconds()
        let found = try await database.query("SELECT \(Users.identityColumns) FROM users u WHERE u.id = \(export.user)")
        guard let user = found.first else { throw LostExport() }
        var manifest = Manifest(
            export: export.id, user: export.user, handle: try user.text("handle"), requestedAt: export.requestedAt,
            exportedAt: now)
        let work = Work(modified: now)
        for name in files {
            var file = Manifest.File(name: "\(name).jsonl")
            try work.zip.begin(file.name)
            let digest = SHA256Digest()
            while let (lines, bytes) = try await nextPart(of: name, export, work, renew) {
                let began = monotonicNanoseconds()
                digest.update(bytes)
                file.lines += lines
                file.bytes += Int64(bytes.count)
                try work.zip.write(bytes)
                try await store(work, of: export, atLeast: ArchiveChunk.length, renew)
                await Job.rest(since: began)
            }
            file.sha256 = digest.finish().hexadecimal
            manifest.files.append(file)
        }
        try work.zip.begin("manifest.json")
        try work.zip.write(manifest.signed(by: signer))
        try work.zip.finish()
        try await store(work, of: export, atLeast: 1, renew)
        return work.length
    }

    /// - Returns: `nil` where the file ends.
    private func nextPart(
        of file: String, _ export: ClaimedExport, _ work: Work,
        _ renew: @escaping @Sendable (Transaction) async throws -> Void
    ) async throws -> (lines: Int64, bytes: [UInt8])? {
        try Task.checkCancellation()
        let number = work.number
        let rows = try await database.transaction { transaction in
            try await renew(transaction)
            return try await transaction.query(
                """
                SELECT lines, bytes FROM export_parts
                WHERE export_id = \(export.id) AND number = \(number)::int AND file = \(file)
                """)
        }
        guard let row = rows.first else { return nil }
        work.number += 1
        return (try row.integer("lines"), try row.bytes("bytes"))
    }

    /// Stores what has been made, in chunks.
    /// - Parameter least: bytes; what is less waits for more.
    private func store(
        _ work: Work, of export: ClaimedExport, atLeast least: Int,
        _ renew: @escaping @Sendable (Transaction) async throws -> Void
    ) async throws {
        while work.zip.count >= least {
            let (number, bytes) = (work.chunks, work.zip.take(ArchiveChunk.length))
            try await database.transaction { transaction in
                try await renew(transaction)
                try await transaction.query(
                    """
                    INSERT INTO export_chunks (export_id, number, bytes) VALUES (\(export.id), \(number)::int, \(bytes))
                    """)
            }
            work.chunks += 1
            work.length += Int64(bytes.count)
        }
    }
}
