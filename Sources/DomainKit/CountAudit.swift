public import Core
public import Store

/// A counter and the rows that it counts, which `martlet audit counts` compares: exactly, also while they change, for both are
/// read by one statement.
public struct CountAudit: Sendable {
    /// A counter that does not say what is there.
    public struct Finding: Sendable, Equatable {
        /// Of which counter: `likes`.
        public let name: String
        /// Of what.
        public let id: ID
        /// A number, or several, as PostgreSQL writes them.
        public let counted: String
        public let found: String
    }

    /// 1 to 32 of `a-z_`.
    public let name: String
    private let page: @Sendable (_ position: ID, _ limit: Int) -> SQL
    private let repair: @Sendable (_ wrong: SQL) -> SQL

    /// - Parameters:
    ///   - page: rows `id, counted, found` of what has larger ids than a position, the smallest first, at most so many: all that
    ///     is counted or there. Its expressions are of one snapshot.
    ///   - repair: what adds to the counters the difference of what was found and what was counted, of a table with those rows where
    ///     there is one. What others count meanwhile changes counter and rows alike, so the difference stays the same.
    public init(
        _ name: String, page: @escaping @Sendable (_ position: ID, _ limit: Int) -> SQL,
        repair: @escaping @Sendable (_ wrong: SQL) -> SQL
    ) {
        (self.name, self.page, self.repair) = (name, page, repair)
    }

    /// Of how many a statement reads the rows.
    private static let step = 1_000

    /// Compares all of them.
    /// - Parameters:
    ///   - repairs: sets right what it finds; then a finding is what was wrong.
    ///   - report: called with what was found in a step.
    /// - Returns: how many were right.
    public func run(
        _ database: Database, repairs: Bool, _ report: ([Finding]) -> Void
    ) async throws -> Int {
        var (position, passed) = (ID.zero, 0)
        while true {
            let rows = try await step(database, behind: position, repairs: repairs)
            let findings = try rows.compactMap { row -> Finding? in
                let (counted, found) = (try row.text("counted"), try row.text("found"))
                return counted == found
                    ? nil : Finding(name: name, id: try row.id("id"), counted: counted, found: found)
            }
            passed += rows.count - findings.count
            if !findings.isEmpty { report(findings) }
            guard rows.count == Self.step, let last = rows.last else { return passed }
            position = try last.id("id")
        }
    }

    private func step(_ database: Database, behind position: ID, repairs: Bool) async throws -> PgRows {
        let page = page(position, Self.step)
        let texts: SQL = "SELECT id, counted::text, found::text FROM page ORDER BY id"
        guard repairs else { return try await database.query("WITH page AS (\(page)) \(texts)") }
        return try await database.transaction { transaction in
            // Two repairs at once would both add.
            try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('martlet audit counts', 0))")
            return try await transaction.query(
                """
                WITH page AS MATERIALIZED (\(page)),
                wrong AS (SELECT * FROM page WHERE counted <> found), repaired AS (\(repair("wrong"))) \(texts)
                """)
        }
    }
}
