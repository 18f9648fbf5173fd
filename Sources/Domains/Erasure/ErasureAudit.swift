public import Core
import DomainKit
import Store

/// Looks whether something is left of those who were erased: by all numbers in all tables, whatever the domains say of them,
/// and by reading all of Redis. `martlet audit erasure`.
public struct ErasureAudit: Sendable {
    /// Deletions of one look.
    private static let batch = 1000
    private static let step = 200

    /// Something of an erased user.
    public struct Finding: Sendable {
        public let deletion: ID
        /// As receipts have it, or a table that is no store.
        public let store: String
        public let count: Int64
        let user: ID?
    }

    public struct Report: Sendable {
        /// Stores of deletions that have nothing of their users.
        public var passed = 0
        public var findings: [Finding] = []
    }

    let database: Database
    let holdings: [Holding]
    let subjects: Subjects

    /// All deletions that are done and whose users are known.
    /// - Parameter repairs: erases what is left, and looks again.
    /// - Returns: what is left in the end; `repaired`: what was left before.
    public func run(repairs: Bool) async throws -> (report: Report, repaired: [Finding]) {
        var (report, repaired) = (Report(), [Finding]())
        var last = ID.zero
        while true {
            let rows = try await database.query(
                """
                SELECT id, subject FROM deletions WHERE state = 'done' AND subject IS NOT NULL AND id > \(last)
                ORDER BY id LIMIT \(Self.batch)
                """)
            guard let row = rows.last else { return (report, repaired) }
            last = try row.id("id")
            var users: [ID: ID] = [:]
            for row in rows {
                let deletion = try row.id("id")
                if let user = subjects.open(try row.bytes("subject"), of: deletion) { users[user] = deletion }
            }
            var part = try await look(for: users)
            if repairs, !part.findings.isEmpty {
                repaired += part.findings
                for user in Set(part.findings.compactMap(\.user)) { try await erase(user, users[user]!) }
                part = try await look(for: users)
            }
            report.passed += part.passed
            report.findings += part.findings
        }
    }

    // MARK: Looking

    private func look(for users: [ID: ID]) async throws -> Report {
        guard !users.isEmpty else { return Report() }
        let stores = Set(holdings.map(\.name))
        var found: [String: [ID: Int64]] = [:]
        // Of what forgets by itself, `notCheckedAgain` tells.
        let aging = Set(holdings.filter(\.isAging).map(\.name))
        for column in try await columns() where !aging.contains("postgres.\(column.table)") {
            for (user, count) in try await look(in: column, for: Array(users.keys)) {
                found["postgres.\(column.table)", default: [:]][user, default: 0] += count
            }
        }
        for holding in holdings {
            guard let audit = holding.audit else { continue }
            for (user, count) in try await audit(Set(users.keys)) where count > 0 {
                found[holding.name, default: [:]][user] = Int64(count)
            }
        }
        var report = Report()
        for store in stores.union(found.keys).sorted() {
            let left = found[store] ?? [:]
            report.passed += users.count - left.count
            report.findings += left.map { user, count in
                Finding(deletion: users[user]!, store: store, count: count, user: user)
            }
        }
        let late = try await notCheckedAgain(Array(users.values))
        report.passed -= late.count
        report.findings += late
        report.findings.sort { ($0.deletion, $0.store) < ($1.deletion, $1.store) }
        return report
    }

    /// A column of ids, or of lists of them.
    private struct Column {
        let table: String
        let name: String
        let isList: Bool
    }

    /// All that can be an id. Partitions are read through their tables.
    private func columns() async throws -> [Column] {
        try await database.query(
            """
            SELECT c.relname::text AS name, a.attname::text AS column_name, a.attndims > 0 AS is_list FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0
                AND NOT a.attisdropped AND a.atttypid IN ('bigint'::regtype, 'bigint[]'::regtype)
            ORDER BY c.relname, a.attnum
            """
        ).map {
            Column(table: try $0.text("name"), name: try $0.text("column_name"), isList: try $0.bool("is_list"))
        }
    }

    /// One pass over a table, or an index, for all of them. It may take longer than a request may.
    private func look(in column: Column, for users: [ID]) async throws -> [(ID, Int64)] {
        let ids: SQL = column.isList ? "'SELECT unnest(%1$I) AS id FROM %2$I'" : "'SELECT %1$I AS id FROM %2$I'"
        return try await database.transaction { transaction in
            try await transaction.query("SET LOCAL statement_timeout = 0")
            return try await transaction.query(
                """
                SELECT unnest(xpath('//id/text()', x))::text::bigint AS id, unnest(xpath('//n/text()', x))::text::bigint AS n
                FROM query_to_xml(format(
                    'SELECT id, count(*) AS n FROM (' || \(ids) || ') i WHERE id = ANY (%3$L::bigint[]) GROUP BY 1',
                    \(column.name)::text, \(column.table)::text, \(users)::bigint[]), false, false, '') x
                """
            ).map { (try $0.id("id"), try $0.integer("n")) }
        }
    }

    /// What forgets by itself should have been looked at again (`Rechecks`).
    private func notCheckedAgain(_ deletions: [ID]) async throws -> [Finding] {
        try await database.query(
            """
            SELECT s.deletion_id, s.name FROM deletion_stores s JOIN deletions d ON d.id = s.deletion_id
            WHERE s.deletion_id = ANY (\(deletions)::bigint[]) AND s.kept_hours IS NOT NULL
                AND d.done_at + make_interval(hours => s.kept_hours) < now() - interval '1 day'
            """
        ).map { Finding(deletion: try $0.id("deletion_id"), store: try $0.text("name"), count: 0, user: nil) }
    }

    // MARK: Repair

    /// As when he left. The receipt counts it.
    private func erase(_ user: ID, _ deletion: ID) async throws {
        for holding in holdings {
            guard case .erased(let usual, _) = holding.means else { continue }
            let erase = holding.repair ?? usual
            var position: Int64? = 0
            while let place = position {
                position = try await database.transaction { transaction in
                    let step = try await erase(transaction, user, place, Self.step)
                    try await transaction.query(
                        """
                        UPDATE deletion_stores SET removed = removed + \(Int64(step.removed))::bigint, checked_at = now()
                        WHERE deletion_id = \(deletion) AND name = \(holding.name)
                        """)
                    return step.next
                }
            }
        }
    }
}
