import CLibpq

/// The rows of one result. A value is read by its column's name (`PgRow`).
public struct PgRows: Sendable, RandomAccessCollection {
    private let result: PgResult
    /// How many rows an INSERT, UPDATE or DELETE touched.
    public let affected: Int

    public var startIndex: Int { 0 }
    public var endIndex: Int { result.rows }
    /// A row that is not there says so when it is read.
    public subscript(position: Int) -> PgRow { PgRow(result: result, index: position) }

    init(_ result: PgResult, affected: Int = 0) {
        (self.result, self.affected) = (result, affected)
    }

    init(copying result: OpaquePointer) {
        self.init(PgResult(copying: result), affected: Int(String(cString: PQcmdTuples(result))) ?? 0)
    }
}
