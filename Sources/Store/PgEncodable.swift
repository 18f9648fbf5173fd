public import Core

/// What can be a parameter of a statement.
public protocol PgEncodable {
    var pgValue: PgValue { get }
}

/// What an array that is a parameter may consist of.
public protocol PgElement {
    static func pgValue(of elements: [Self]) -> PgValue
}

extension PgValue: PgEncodable {
    public var pgValue: PgValue { self }
}

extension Int64: PgEncodable, PgElement {
    public var pgValue: PgValue { .integer(self) }
    public static func pgValue(of elements: [Int64]) -> PgValue { .integers(elements) }
}

extension Int: PgEncodable, PgElement {
    public var pgValue: PgValue { .integer(Int64(self)) }
    public static func pgValue(of elements: [Int]) -> PgValue { .integers(elements.map { Int64($0) }) }
}

extension ID: PgEncodable, PgElement {
    public var pgValue: PgValue { .integer(raw) }
    public static func pgValue(of elements: [ID]) -> PgValue { .integers(elements.map(\.raw)) }
}

extension String: PgEncodable, PgElement {
    public var pgValue: PgValue { .text(self) }
    public static func pgValue(of elements: [String]) -> PgValue { .texts(elements) }
}

extension Bool: PgEncodable {
    public var pgValue: PgValue { .bool(self) }
}

/// An array of bytes is one `bytea`.
extension UInt8: PgElement {
    public static func pgValue(of elements: [UInt8]) -> PgValue { .bytes(elements) }
}

extension Array: PgEncodable where Element: PgElement {
    public var pgValue: PgValue { Element.pgValue(of: self) }
}

extension Array: PgElement where Element == UInt8 {
    public static func pgValue(of elements: [[UInt8]]) -> PgValue { .byteArrays(elements) }
}

/// `nil` is NULL.
extension Optional: PgEncodable where Wrapped: PgEncodable {
    public var pgValue: PgValue { map(\.pgValue) ?? .null }
}
