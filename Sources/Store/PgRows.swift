import CLibpq

/// The rows of one result, as text. A value is read by its column's index, counted from 0. What is not there or can't be
/// read as the type asked for is an error that names the column, never a trap: what a server sends is not ours to trust.
public struct PgRows: Sendable, RandomAccessCollection {
    public struct Row: Sendable {
        fileprivate let rows: PgRows
        fileprivate let index: Int

        public func text(_ column: Int) throws(PgError) -> String {
            guard let text = try cell(column) else { throw unreadable(column, "text", "NULL") }
            return text
        }

        public func optionalText(_ column: Int) throws(PgError) -> String? { try cell(column) }

        public func integer(_ column: Int) throws(PgError) -> Int64 {
            guard let text = try cell(column) else { throw unreadable(column, "an integer", "NULL") }
            guard let value = Int64(text) else { throw unreadable(column, "an integer of 64 bits", "something else") }
            return value
        }

        public func bool(_ column: Int) throws(PgError) -> Bool {
            switch try cell(column) {
            case "t": return true
            case "f": return false
            case nil: throw unreadable(column, "a boolean", "NULL")
            default: throw unreadable(column, "a boolean", "something else")
            }
        }

        /// A `bytea`, which comes as `\x` and hexadecimal digits.
        public func bytes(_ column: Int) throws(PgError) -> [UInt8] {
            guard let text = try cell(column) else { throw unreadable(column, "a bytea", "NULL") }
            let digits = Array(text.utf8)
            guard digits.starts(with: [92, 120]), digits.count % 2 == 0 else {
                throw unreadable(column, "a bytea in hexadecimal digits", "something else")
            }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(digits.count / 2 - 1)
            for at in stride(from: 2, to: digits.count, by: 2) {
                guard let high = digits[at].hex, let low = digits[at + 1].hex else {
                    throw unreadable(column, "a bytea in hexadecimal digits", "something else")
                }
                bytes.append(high << 4 | low)
            }
            return bytes
        }

        private func cell(_ column: Int) throws(PgError) -> String? {
            guard rows.indices.contains(index) else { throw .unreadable("row \(index) is missing") }
            guard 0..<rows.columns ~= column else { throw unreadable(column, "a value", "no such column") }
            return rows.cells[index * rows.columns + column]
        }

        private func unreadable(_ column: Int, _ expected: String, _ found: String) -> PgError {
            let names = rows.names
            let name = names.indices.contains(column) ? " (\(names[column]))" : ""
            return .unreadable("column \(column)\(name): \(expected) was expected, \(found) came")
        }
    }

    private let names: [String]
    private var columns: Int { names.count }
    private let cells: [String?]
    /// How many rows an INSERT, UPDATE or DELETE touched.
    public let affected: Int

    public var startIndex: Int { 0 }
    public var endIndex: Int { columns == 0 ? 0 : cells.count / columns }
    /// A row that is not there says so when it is read.
    public subscript(position: Int) -> Row { Row(rows: self, index: position) }

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

extension UInt8 {
    fileprivate var hex: UInt8? {
        switch self {
        case 48...57: self - 48
        case 97...102: self - 87
        default: nil
        }
    }
}
