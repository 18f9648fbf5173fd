public import Core

/// One row of a result, as text. What is not there or can't be read as the type asked for is an error that names the
/// column, never a trap: what a server sends is not ours to trust. So is a name that two columns have, for one of them is
/// not what was meant.
public struct PgRow: Sendable {
    /// Of the result: its columns and the values of all rows, one after the other.
    let names: [String]
    let cells: [String?]
    let index: Int

    public func text(_ column: String) throws(PgError) -> String {
        guard let text = try cell(column) else { throw unreadable(column, "text", "NULL") }
        return text
    }

    public func optionalText(_ column: String) throws(PgError) -> String? { try cell(column) }

    public func integer(_ column: String) throws(PgError) -> Int64 {
        guard let value = try optionalInteger(column) else { throw unreadable(column, "an integer", "NULL") }
        return value
    }

    public func optionalInteger(_ column: String) throws(PgError) -> Int64? {
        guard let text = try cell(column) else { return nil }
        guard let value = Int64(text) else { throw unreadable(column, "an integer of 64 bits", "something else") }
        return value
    }

    /// A number of things.
    public func int(_ column: String) throws(PgError) -> Int {
        guard let value = Int(exactly: try integer(column)) else {
            throw unreadable(column, "an integer of this machine", "a larger one")
        }
        return value
    }

    /// - Throws: also for what is no id, which is outside of 0..<2^53.
    public func id(_ column: String) throws(PgError) -> ID {
        guard let id = try optionalID(column) else { throw unreadable(column, "an id", "NULL") }
        return id
    }

    public func optionalID(_ column: String) throws(PgError) -> ID? {
        guard let raw = try optionalInteger(column) else { return nil }
        guard 0...ID.max.raw ~= raw else { throw unreadable(column, "an id of 53 bits", "another number") }
        return ID(raw: raw)
    }

    public func bool(_ column: String) throws(PgError) -> Bool {
        guard let value = try optionalBool(column) else { throw unreadable(column, "a boolean", "NULL") }
        return value
    }

    public func optionalBool(_ column: String) throws(PgError) -> Bool? {
        switch try cell(column) {
        case "t": return true
        case "f": return false
        case nil: return nil
        default: throw unreadable(column, "a boolean", "something else")
        }
    }

    /// A `bytea`, which comes as `\x` and hexadecimal digits.
    public func bytes(_ column: String) throws(PgError) -> [UInt8] {
        guard let bytes = try optionalBytes(column) else { throw unreadable(column, "a bytea", "NULL") }
        return bytes
    }

    public func optionalBytes(_ column: String) throws(PgError) -> [UInt8]? {
        guard let text = try cell(column) else { return nil }
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

    /// A result has few columns: comparing their names, of which the short ones are compared as two words, costs less than
    /// a hash of one.
    private func cell(_ column: String) throws(PgError) -> String? {
        guard !names.isEmpty, 0..<cells.count / names.count ~= index else {
            throw .unreadable("row \(index) is missing")
        }
        var found: Int?
        for at in names.indices where names[at] == column {
            guard found == nil else { throw unreadable(column, "one column", "several of this name") }
            found = at
        }
        guard let found else { throw unreadable(column, "a value", "no such column") }
        return cells[index * names.count + found]
    }

    private func unreadable(_ column: String, _ expected: String, _ found: String) -> PgError {
        .unreadable("column \(column): \(expected) was expected, \(found) came")
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
