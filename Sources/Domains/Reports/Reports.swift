import Core
import DomainKit
import HTTPService
import Store

/// What users report to the moderators.
///
/// A report on what does not exist is kept as any other: to whom a thing is hidden must not learn whether there is one.
struct Reports: Sendable {
    /// Of one reporter within 24 hours.
    static let mostADay: Int64 = 100

    let targets: [ReportTarget]
    let ids: IDGenerator
    let clock: any WallClock

    /// Of one thing a reporter has one report: the key refuses another, and the first stays as it is.
    /// - Throws: `Problem` where it is the reporter's own, or he has reported enough.
    func add(
        _ transaction: Transaction, _ target: Report.Target, _ reason: Report.Reason, text: String?, by reporter: ID
    ) async throws -> (report: Report, isNew: Bool) {
        guard let kind = targets.first(where: { $0.type == target.type }) else {
            preconditionFailure("'\(target.type)' was let in, and is no target of reports")
        }
        let id = try ids.next()
        let day = ID(firstOf: clock.milliseconds() - 24 * 3600 * 1000)
        let (by, found) = (SQL.parameter(reporter), kind.find("\(target.id)::bigint"))
        let key: SQL = "sha256(convert_to(\("\(target.type):\(target.id)"), 'UTF8'))"
        let results = try await transaction.batch([
            // Reports of one reporter wait for each other here, so that none is counted twice, and the limit holds.
            "SELECT id FROM users WHERE id = \(by) FOR NO KEY UPDATE",
            found,
            """
            INSERT INTO reports (id, reporter, type, target, author, copy, key, reason, text)
            SELECT \(id)::bigint, \(by), \(target.type)::text, CASE WHEN found.author IS NOT NULL THEN \(target.id)::bigint END,
                found.author, found.copy, \(key), \(reason.rawValue)::text, \(text)::text
            FROM (VALUES (1)) one LEFT JOIN (\(found)) found ON true
            WHERE (SELECT count(*) FROM reports WHERE reporter = \(by) AND id >= \(day)) < \(Self.mostADay)
            ON CONFLICT (reporter, key) DO NOTHING
            """,
            "SELECT id, reason, text FROM reports WHERE reporter = \(by) AND key = \(key)",
        ])
        guard !results[0].isEmpty else { throw Problem(.unauthenticated, "the account is erased") }
        guard try results[1].first?.optionalID("author") != reporter else {
            throw Problem(.invalidField, "nobody reports himself", field: "target")
        }
        guard let row = results[3].first else {
            throw Problem(.tooMany, "there are at most \(Self.mostADay) reports of a user in 24 hours")
        }
        let report = Report(
            id: try row.id("id"), type: target.type, target: target.id, reason: try row.text("reason"),
            text: try row.optionalText("text"))
        return (report, report.id == id)
    }
}
