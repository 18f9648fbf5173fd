public import Core

/// One row of a result, as text. What is not there or can't be read as the type asked for is an error that names the
/// column, never a trap: what a server sends is not ours to trust. So is a name that two columns have, for one of them is
/// not what was meant.
public struct PgRow: Sendable {
    let result: PgResult
    let index: Int

    public func text(_ column: String) throws(PgError) -> String {
        guard let text = try optionalText(column) else { throw unreadable(column, "text", "NULL") }
        return text
    }

    public func optionalText(_ column: String) throws(PgError) -> String? {
        try cell(column) { String(decoding: $0, as: UTF8.self) }
    }

    public func integer(_ column: String) throws(PgError) -> Int64 {
        guard let value = try optionalInteger(column) else { throw unreadable(column, "an integer", "NULL") }
        return value
    }

    public func optionalInteger(_ column: String) throws(PgError) -> Int64? {
        guard let read = try cell(column, Int64.init(decimal:)) else { return nil }
        guard let value = read else { throw unreadable(column, "an integer of 64 bits", "something else") }
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
        guard let read = try cell(column, { $0.count == 1 ? $0[0] : 0 }) else { return nil }
        switch read {
        case UInt8(ascii: "t"): return true
        case UInt8(ascii: "f"): return false
        default: throw unreadable(column, "a boolean", "something else")
        }
    }

    /// A `bytea`, which comes as `\x` and hexadecimal digits.
    public func bytes(_ column: String) throws(PgError) -> [UInt8] {
        guard let bytes = try optionalBytes(column) else { throw unreadable(column, "a bytea", "NULL") }
        return bytes
    }

    public func optionalBytes(_ column: String) throws(PgError) -> [UInt8]? {
        guard let read = try cell(column, [UInt8].init(hexadecimal:)) else { return nil }
        guard let bytes = read else { throw unreadable(column, "a bytea in hexadecimal digits", "something else") }
        return bytes
    }

    /// - Returns: `nil` for NULL.
    private func cell<T>(_ column: String, _ read: (UnsafeBufferPointer<UInt8>) -> T) throws(PgError) -> T? {
        guard 0..<result.rows ~= index else { throw .unreadable("row \(index) is missing") }
        guard let place = result.places(of: column) else { throw unreadable(column, "a value", "no such column") }
        guard place.isOnly else { throw unreadable(column, "one column", "several of this name") }
        return result.value(row: index, column: place.first, read)
    }

    private func unreadable(_ column: String, _ expected: String, _ found: String) -> PgError {
        .unreadable("column \(column): \(expected) was expected, \(found) came")
    }
}

extension Int64 {
    /// - Parameter text: digits of ASCII, with a minus before them.
    fileprivate init?(decimal text: UnsafeBufferPointer<UInt8>) {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = text.dropFirst(isNegative ? 1 : 0)
        guard !digits.isEmpty else { return nil }
        // Below zero, for there is one more number.
        var value: Int64 = 0
        for digit in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
            let (tens, hasOverflown) = value.multipliedReportingOverflow(by: 10)
            let (sum, hasPassed) = tens.subtractingReportingOverflow(Int64(digit & 15))
            guard !hasOverflown, !hasPassed else { return nil }
            value = sum
        }
        guard isNegative || value > .min else { return nil }
        self = isNegative ? value : -value
    }
}

extension [UInt8] {
    /// - Parameter text: `\x`, and two digits for each byte.
    fileprivate init?(hexadecimal text: UnsafeBufferPointer<UInt8>) {
        guard text.starts(with: [92, 120]), text.count % 2 == 0 else { return nil }
        self = []
        reserveCapacity(text.count / 2 - 1)
        for at in stride(from: 2, to: text.count, by: 2) {
            guard let high = text[at].hex, let low = text[at + 1].hex else { return nil }
            append(high << 4 | low)
        }
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
