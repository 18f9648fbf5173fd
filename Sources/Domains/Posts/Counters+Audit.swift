public import DomainKit
public import Store

extension Counters {
    /// Compares a number of objects with the rows that it counts.
    /// - Parameters:
    ///   - rows: a table whose rows are counted, and its column that names the object, which has an index.
    ///   - isOne: whether an object, an expression of SQL, is one of them.
    ///   - found: how many there are of an object, an expression of SQL.
    public static func audit(
        _ name: String, _ kind: Kind, rows: StaticString, by column: StaticString,
        where isOne: @escaping @Sendable (_ object: SQL) -> SQL = { _ in "true" },
        found: @escaping @Sendable (_ object: SQL) -> SQL
    ) -> CountAudit {
        let (rows, column) = (SQL(rows), SQL(column))
        return CountAudit(name) { position, limit in
            """
            SELECT o.id, \(sum(kind, of: "o.id"))::bigint AS counted, (\(found("o.id")))::bigint AS found
            FROM (
                -- Those that have any, and those that are said to have some.
                (SELECT DISTINCT \(column) AS id FROM \(rows) WHERE \(column) > \(position) ORDER BY 1 LIMIT \(limit))
                UNION (
                    SELECT DISTINCT object_id AS id FROM counters
                    WHERE object_id > \(position) AND \(kind.column) <> 0 AND \(isOne("object_id")) ORDER BY 1 LIMIT \(limit))
                ORDER BY 1 LIMIT \(limit)) o
            ORDER BY o.id
            """
        } repair: { wrong in
            """
            INSERT INTO counters AS c (object_id, stripe, \(kind.column), changes)
            SELECT id, 0, found - counted, 1 FROM \(wrong) ORDER BY id
            ON CONFLICT (object_id, stripe)
            DO UPDATE SET \(kind.column) = c.\(kind.column) + excluded.\(kind.column), changes = c.changes + 1
            """
        }
    }
}
