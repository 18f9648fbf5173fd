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

public struct JSONError: Error, Equatable, Sendable {
    public let message: String
    /// Where in the text, in bytes from its start.
    public let offset: Int
}

/// How much a JSON text may ask of its reader.
public struct JSONLimits: Sendable {
    /// How deeply arrays and objects may nest.
    var depth = 16
    /// How many values may still come, arrays and objects among them.
    var values = Int.max
    /// Bytes of a key.
    var longestKey = Int.max
    /// Combining marks in a row in a key.
    var marksInKey = Int.max

    public init() {}

    init(depth: Int) { self.depth = depth }

    /// For what is read on the loop of the sockets, where everybody waits for it.
    public static let command = {
        var limits = JSONLimits(depth: 8)
        limits.values = 200
        limits.longestKey = 255
        limits.marksInKey = 16
        return limits
    }()
}

extension JSONValue {
    /// - Parameter depth: how deeply arrays and objects may nest.
    public static func parse(_ bytes: some Collection<UInt8>, depth: Int = 16) throws(JSONError) -> JSONValue {
        var limits = JSONLimits(depth: depth)
        return try parse(bytes, &limits)
    }

    /// Whether a text is an object, for one who passes it on and needs nothing of it.
    public static func isObject(_ bytes: some Collection<UInt8>, _ limits: JSONLimits) -> Bool {
        let bytes = Array(bytes)
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var parser = JSONParser(bytes, limits, keepsTexts: false)
        guard let value = try? parser.value(depth: limits.depth) else { return false }
        parser.skipSpace()
        return parser.atEnd && value.object != nil
    }

    /// - Parameter limits: for this text and, with what it leaves of them, the next.
    public static func parse(
        _ bytes: some Collection<UInt8>, _ limits: inout JSONLimits
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(Array(bytes), limits)
        let value = try parser.value(depth: limits.depth)
        parser.skipSpace()
        guard parser.atEnd else { throw parser.error("text after the end of the value") }
        limits.values = parser.valuesLeft
        return value
    }
}
