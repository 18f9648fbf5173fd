/// A statement of SQL, or a part of one. Its text is what the program's source says, and nothing else: the literal parts
/// are `StaticString`, and an interpolation is a parameter (`PgEncodable`) or another `SQL`, which is put in with its
/// parameters. So no text that comes at run time can become SQL.
///
///     let visible: SQL = "p.deleted_at IS NULL"
///     try await database.query("SELECT p.text FROM posts p WHERE p.id = \(post) AND \(visible)")
///
/// The same composition gives the same text, whatever its parameters are, and so is prepared once by a connection.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    enum Part: Sendable {
        case text(StaticString)
        case value(PgValue)
        case shared(SharedValue)
    }

    /// Known by its identity, so that a statement sends it once.
    final class SharedValue: Sendable {
        let value: PgValue
        init(_ value: PgValue) { self.value = value }
    }

    private(set) var parts: [Part]

    public init(_ text: StaticString) { parts = [.text(text)] }

    public init(stringLiteral text: StaticString) { self.init(text) }

    public init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    private init(parts: [Part]) { self.parts = parts }

    /// A value that a statement uses several times: however often this fragment is put in, it is one parameter.
    public static func parameter(_ value: some PgEncodable) -> SQL {
        SQL(parts: [.shared(SharedValue(value.pgValue))])
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var parts: [Part] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            parts.reserveCapacity(2 * interpolationCount + 1)
        }

        public mutating func appendLiteral(_ text: StaticString) {
            // Around each interpolation there is a literal, which may be empty.
            if text.utf8CodeUnitCount > 0 { parts.append(.text(text)) }
        }

        public mutating func appendInterpolation(_ value: some PgEncodable) { parts.append(.value(value.pgValue)) }

        /// `nil` is NULL.
        public mutating func appendInterpolation<Value: PgEncodable>(_ value: Value?) {
            parts.append(.value(value?.pgValue ?? .null))
        }

        public mutating func appendInterpolation(_ fragment: SQL) { parts.append(contentsOf: fragment.parts) }
    }

    fileprivate mutating func append(_ more: SQL) { parts.append(contentsOf: more.parts) }
}

/// The text, without the values, which may be secrets.
extension SQL: CustomStringConvertible {
    public var description: String { rendered().text }
}

extension Sequence where Element == SQL {
    /// One fragment of all. Each number of elements is a text of its own, which is prepared: of many values make an array.
    public func joined(separator: SQL) -> SQL {
        var all: SQL?
        for fragment in self {
            all?.append(separator)
            all?.append(fragment)
            all = all ?? fragment
        }
        return all ?? ""
    }
}
