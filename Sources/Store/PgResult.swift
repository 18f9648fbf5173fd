import CLibpq

/// What PostgreSQL sent for one statement: the names of its columns, and all values in one buffer, as text. Nothing is decoded
/// before somebody reads it.
final class PgResult: Sendable {
    let names: [String]
    /// A number for each name, by which it is found.
    private let keys: [UInt64]
    private let bytes: [UInt8]
    /// Of each value, one row behind the other: where it ends, and `~end` where it is NULL.
    private let ends: [Int]

    var rows: Int { names.isEmpty ? 0 : ends.count / names.count }

    init(names: [String], bytes: [UInt8], ends: [Int]) {
        (self.names, self.bytes, self.ends) = (names, bytes, ends)
        keys = names.map(Self.key)
    }

    convenience init(copying result: OpaquePointer) {
        let (columns, rows) = (PQnfields(result), PQntuples(result))
        var ends: [Int] = []
        ends.reserveCapacity(Int(columns) * Int(rows))
        var size = 0
        for row in 0..<rows {
            for column in 0..<columns {
                size += Int(PQgetlength(result, row, column))
                ends.append(PQgetisnull(result, row, column) == 1 ? ~size : size)
            }
        }
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            var place = 0
            for row in 0..<rows {
                for column in 0..<columns {
                    let length = Int(PQgetlength(result, row, column))
                    if length > 0, let value = PQgetvalue(result, row, column) {
                        UnsafeMutableRawPointer(buffer.baseAddress! + place).copyMemory(from: value, byteCount: length)
                    }
                    place += length
                }
            }
            count = size
        }
        self.init(
            names: (0..<columns).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }, bytes: bytes, ends: ends
        )
    }

    /// The places of the columns of a name: none, one, or, for what is an error then, several.
    func places(of name: String) -> (first: Int, isOnly: Bool)? {
        let key = Self.key(name)
        var found: Int?
        for place in keys.indices where keys[place] == key && names[place] == name {
            if let found { return (found, false) }
            found = place
        }
        return found.map { ($0, true) }
    }

    /// - Returns: `nil` for NULL.
    func value<T>(row: Int, column: Int, _ read: (UnsafeBufferPointer<UInt8>) -> T) -> T? {
        let at = row * names.count + column
        guard ends[at] >= 0 else { return nil }
        let before = at == 0 ? 0 : ends[at - 1]
        return bytes.withUnsafeBufferPointer { read(.init(rebasing: $0[(before < 0 ? ~before : before)..<ends[at]])) }
    }

    /// FNV-1a: a result has few columns, but each of its values is looked for by name.
    private static func key(_ name: String) -> UInt64 {
        var key: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { key = (key ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return key
    }
}
