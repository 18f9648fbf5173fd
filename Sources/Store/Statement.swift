/// One SQL statement with its parameters `$1`, `$2`, …: the text is a literal of the program, never made from input.
public struct Statement: Sendable {
    let rendered: RenderedSQL

    public init(_ sql: StaticString, _ parameters: [PgValue] = []) {
        rendered = RenderedSQL(text: sql.description, parameters: parameters)
    }

    public init(composed sql: SQL) { rendered = sql.rendered() }
}

extension PgRows {
    public typealias Row = PgRow
}

extension PgRow {
    private func cell(_ column: Int) throws(PgError) -> PgRow {
        guard rows.indices.contains(index) else { throw .unreadable("row \(index) is missing") }
        guard rows.names.indices.contains(column) else { throw .unreadable("column \(column) is missing") }
        return PgRow(rows: PgRows(names: ["c"], cells: [rows.cells[index * rows.names.count + column]]), index: 0)
    }

    public func text(_ column: Int) throws(PgError) -> String { try cell(column).text("c") }
    public func optionalText(_ column: Int) throws(PgError) -> String? { try cell(column).optionalText("c") }
    public func integer(_ column: Int) throws(PgError) -> Int64 { try cell(column).integer("c") }
    public func bool(_ column: Int) throws(PgError) -> Bool { try cell(column).bool("c") }
    public func bytes(_ column: Int) throws(PgError) -> [UInt8] { try cell(column).bytes("c") }
}
