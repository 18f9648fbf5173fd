/// A JSON text as a value, read strictly after RFC 8259: UTF-8 and surrogate pairs are checked, a key that stands
/// twice in an object is an error, nesting is limited. For what clients send: small bodies and commands.
///
/// What a text may contain is for its field to say. So a key or value may be slow to compare: see `ExactText`.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits.
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The field's word for this kind of value, for messages such as "expected a string, got a number".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    public var array: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var isNull: Bool { if case .null = self { true } else { false } }
}

/// Keys in the order in which they stood. They are told apart by their bytes.
public struct JSONObject: Sendable, Equatable {
    public private(set) var keys: [String] = []
    private var values: [JSONValue] = []
    /// Where each key is; only where there are so many that looking through them would take longer.
    private var places: [ExactText: Int] = [:]
    private static let fewKeys = 8

    public init() {}

    /// - Parameter members: in their order, each key once.
    public init(_ members: [(String, JSONValue)]) {
        for (key, value) in members {
            let isNew = insert(key, value)
            precondition(isNew, "the key \(key) appears twice")
        }
    }

    public subscript(key: String) -> JSONValue? { place(of: key).map { values[$0] } }

    /// In their order.
    public var members: Zip2Sequence<[String], [JSONValue]> { zip(keys, values) }

    /// A key that is there keeps its place.
    public mutating func set(_ key: String, _ value: JSONValue) {
        if let place = place(of: key) {
            values[place] = value
        } else {
            _ = insert(key, value)
        }
    }

    /// The first key that is none of these.
    public func firstKey(besides known: [String]) -> String? {
        keys.first { key in !known.contains { $0.isExactly(key) } }
    }

    private func place(of key: String) -> Int? {
        keys.count > Self.fewKeys ? places[ExactText(key)] : keys.firstIndex { $0.isExactly(key) }
    }

    /// False when the key is there already.
    mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        if keys.count < Self.fewKeys {
            guard place(of: key) == nil else { return false }
        } else {
            if places.isEmpty {
                places.reserveCapacity(4 * Self.fewKeys)
                for (place, key) in keys.enumerated() { places[ExactText(key)] = place }
            }
            guard places.updateValue(keys.count, forKey: ExactText(key)) == nil else { return false }
        }
        keys.append(key)
        values.append(value)
        return true
    }
}
