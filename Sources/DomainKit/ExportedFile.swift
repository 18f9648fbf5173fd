public import Core
public import Store

/// A file of what users get of their accounts, as the domain declares it that has the tables: `posts.jsonl`, a line of JSON
/// for each row. What names or tells of other users follows the rule of who sees whom.
public struct ExportedFile: Sendable {
    /// Rows of a user behind a position, the lowest first. Their column `id`, a `bigint` above 0 that no other row of the
    /// file has, is the position of each.
    public typealias Page = @Sendable (_ user: SQL, _ position: Int64, _ limit: Int) -> SQL

    /// Writes one JSON object.
    public typealias Line = @Sendable (_ row: PgRow, _ writer: inout ByteWriter) throws -> Void

    /// 1 to 32 of `a-z_`; no other file has it.
    public let name: String
    /// What of it is in the file. For the test that knows the schema.
    public let tables: [String]
    public let page: Page
    public let line: Line

    /// - Parameter tables: whose rows are in it, all of a user's.
    public init(_ name: String, from tables: [String], page: @escaping Page, line: @escaping Line) {
        (self.name, self.tables, self.page, self.line) = (name, tables, page, line)
    }
}

extension ByteWriter {
    /// `{"id":"…","created_at":"…"`, left open for what follows.
    public mutating func appendBegin(_ id: ID) {
        append(ascii: "{\"id\":\"")
        append(decimal: id.raw)
        append(ascii: "\"")
        append(key: "created_at", time: id.milliseconds)
    }
}
