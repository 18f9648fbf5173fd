import CLibpq

/// The rows of one result. A value is read by its column's name (`PgRow`).
public struct PgRows: Sendable, RandomAccessCollection {
    private let names: [String]
    private let cells: [String?]
    /// How many rows an INSERT, UPDATE or DELETE touched.
    public let affected: Int

    public var startIndex: Int { 0 }
    public var endIndex: Int { names.isEmpty ? 0 : cells.count / names.count }
    /// A row that is not there says so when it is read.
    public subscript(position: Int) -> PgRow { PgRow(names: names, cells: cells, index: position) }

    init(names: [String], cells: [String?], affected: Int = 0) {
        (self.names, self.cells, self.affected) = (names, cells, affected)
    }

    init(copying result: OpaquePointer) {
        let columns = PQnfields(result)
        let count = PQntuples(result)
        var cells: [String?] = []
        cells.reserveCapacity(Int(columns) * Int(count))
        for row in 0..<count {
            for column in 0..<columns {
                if PQgetisnull(result, row, column) == 1 {
                    cells.append(nil)
                } else {
                    let length = Int(PQgetlength(result, row, column))
                    let start = UnsafeRawPointer(PQgetvalue(result, row, column)!)
                    cells.append(String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self))
                }
            }
        }
        self.init(
            names: (0..<columns).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }, cells: cells,
            affected: Int(String(cString: PQcmdTuples(result))) ?? 0)
    }
}
