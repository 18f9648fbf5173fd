import CLibpq

/// The rows of one result, as text. A value is read by its column's index, counted from 0.
public struct PgRows: Sendable, RandomAccessCollection {
    public struct Row: Sendable {
        fileprivate let rows: PgRows
        fileprivate let index: Int

        /// Traps on NULL: use it where the schema forbids NULL.
        public func text(_ column: Int) -> String { cell(column)! }
        public func optionalText(_ column: Int) -> String? { cell(column) }

        public func integer(_ column: Int) -> Int64 { Int64(cell(column)!)! }

        public func bool(_ column: Int) -> Bool { cell(column) == "t" }

        /// A `bytea`, which comes as `\x` and hexadecimal digits.
        public func bytes(_ column: Int) -> [UInt8] {
            let digits = Array(cell(column)!.utf8.dropFirst(2))
            return stride(from: 0, to: digits.count - 1, by: 2).map { (digits[$0].hex << 4) | digits[$0 + 1].hex }
        }

        private func cell(_ column: Int) -> String? { rows.cells[index * rows.columns + column] }
    }

    fileprivate let columns: Int
    fileprivate let cells: [String?]
    /// How many rows an INSERT, UPDATE or DELETE touched.
    public let affected: Int

    public var startIndex: Int { 0 }
    public var endIndex: Int { columns == 0 ? 0 : cells.count / columns }
    public subscript(position: Int) -> Row { Row(rows: self, index: position) }

    init(copying result: OpaquePointer) {
        columns = Int(PQnfields(result))
        let count = Int(PQntuples(result))
        var cells: [String?] = []
        cells.reserveCapacity(columns * count)
        for row in 0..<Int32(count) {
            for column in 0..<Int32(columns) {
                if PQgetisnull(result, row, column) == 1 {
                    cells.append(nil)
                } else {
                    let length = Int(PQgetlength(result, row, column))
                    let start = UnsafeRawPointer(PQgetvalue(result, row, column)!)
                    cells.append(String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self))
                }
            }
        }
        self.cells = cells
        affected = Int(String(cString: PQcmdTuples(result))) ?? 0
    }
}

extension UInt8 {
    fileprivate var hex: UInt8 { self < 58 ? self - 48 : self - 87 }
}
