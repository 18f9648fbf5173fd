import Core
public import DomainKit
public import HTTPService
public import Store

/// Reports to the moderators. No event tells of them.
public struct ReportsDomain: Domain {
    public static let migrations = [
        Migration(
            87, "reports",
            [
                """
                CREATE TABLE reports (
                    -- By its time.
                    id bigint PRIMARY KEY,
                    -- NULL: somebody who was erased.
                    reporter bigint REFERENCES users,
                    type text NOT NULL,
                    -- NULL, as the two below: there was no such thing, or whose it was is erased.
                    target bigint,
                    author bigint REFERENCES users,
                    -- What it said then, for moderators.
                    copy text,
                    -- The hash of type and id, also of what is not there.
                    key bytea NOT NULL,
                    reason text NOT NULL,
                    -- The reporter's words.
                    text text)
                """,
                "CREATE UNIQUE INDEX reports_once ON reports (reporter, key)",
                "CREATE INDEX reports_by_reporter ON reports (reporter, id DESC)",
                "CREATE INDEX reports_by_author ON reports (author) WHERE author IS NOT NULL",
            ])
    ]

    private let resources: Resources
    private let targets: [ReportTarget]
    private let counters = ReportCounters()

    /// - Parameter targets: at least one.
    public init(_ resources: Resources, targets: [ReportTarget]) {
        self.resources = resources
        self.targets = targets
    }

    /// Who has reported is taken out of the report, with his words; who was reported, with what he had written. That there was
    /// a report, and why, stays: so nobody learns by a second one that what is hidden from him has gone.
    public var holdings: [Holding] {
        let count = { @Sendable (user: ID) -> SQL in
            let user = SQL.parameter(user)
            return """
                SELECT (SELECT count(*) FROM reports WHERE author = \(user))
                    + (SELECT count(*) FROM reports WHERE reporter = \(user)) AS count
                """
        }
        return [
            Holding(
                "postgres.reports", columns: ["author", "reporter", "target"],
                .erased(
                    { transaction, user, _, limit in
                        let user = SQL.parameter(user)
                        let results = try await transaction.batch([
                            """
                            UPDATE reports SET author = NULL, target = NULL, copy = NULL WHERE id IN (
                                SELECT id FROM reports WHERE author = \(user) ORDER BY id LIMIT \(limit) FOR UPDATE)
                            """,
                            """
                            UPDATE reports SET reporter = NULL, text = NULL WHERE id IN (
                                SELECT id FROM reports WHERE reporter = \(user) ORDER BY id LIMIT \(limit) FOR UPDATE)
                            """,
                        ])
                        let gone = results.reduce(0) { $0 + $1.affected }
                        return Holding.Step(removed: gone, next: gone == 0 ? nil : 0)
                    }, count: count))
        ]
    }

    public var exports: [ExportedFile] {
        [
            ExportedFile("reports", from: ["reports"]) { user, position, limit in
                """
                SELECT id, type, target, reason, text FROM reports
                WHERE reporter = \(user) AND id > \(position) ORDER BY id LIMIT \(limit)
                """
            } line: { row, writer in
                Report(
                    id: try row.id("id"), type: try row.text("type"), target: try row.optionalID("target"),
                    reason: try row.text("reason"), text: try row.optionalText("text")
                ).append(to: &writer)
            }
        ]
    }

    public var operations: [Operation] {
        ReportOperations(
            reports: Reports(targets: targets, ids: resources.ids, clock: resources.clock), writes: resources.writes,
            counters: counters
        ).all
    }
}
