public import Core

/// A key of a request's body: its name, how it is read, its limits, its schema and an example, in one value.
public struct Field<Value: Sendable>: Declares {
    public let declaration: Declaration
    let parse: @Sendable (JSONValue) throws(Refusal) -> Value

    /// - Parameters:
    ///   - schema: what `parse` takes.
    ///   - problems: the codes of its refusals beside `invalidField`.
    ///   - parse: its refusal is told with the field's name.
    public init(
        _ name: String, _ schema: Schema, example: JSONValue, _ description: String = "", problems: [ErrorCode] = [],
        parse: @escaping @Sendable (JSONValue) throws(Refusal) -> Value
    ) {
        self.parse = parse
        declaration = Declaration(
            place: .body, name: name, description: description, schema: schema, example: example, isRequired: true,
            problems: problems
        ) { given throws(Problem) in
            guard let given else { throw Problem(.missingField, "the field \(name) is missing", field: name) }
            return try Self.read(given, name, parse)
        }
    }

    private init(_ declaration: Declaration, _ parse: @escaping @Sendable (JSONValue) throws(Refusal) -> Value) {
        self.declaration = declaration
        self.parse = parse
    }

    /// The same, but it may be left out: then it is `nil`.
    public var orNil: Field<Value?> {
        let (name, parse) = (declaration.name, parse)
        return Field<Value?>(
            declaration.optional { given throws(Problem) in
                guard let given else { return Value?.none }
                return Value?.some(try Self.read(given, name, parse))
            }, parse)
    }

    /// The same, but it may be left out: then it is `fallback`.
    public func or(_ fallback: Value) -> Field<Value> {
        let (name, parse) = (declaration.name, parse)
        return Field(
            declaration.optional { given throws(Problem) in
                guard let given else { return fallback }
                return try Self.read(given, name, parse)
            }, parse)
    }

    /// The same as a key of a JSON merge: it may be left out, and is removed by `null`.
    public var merged: Field<Merge<Value>> {
        let (name, parse) = (declaration.name, parse)
        return Field<Merge<Value>>(
            declaration.optional(schema: declaration.schema.orNull) { given throws(Problem) in
                guard let given else { return Merge<Value>.keep }
                return given.isNull ? Merge<Value>.remove : .set(try Self.read(given, name, parse))
            }
        ) { given throws(Refusal) in given.isNull ? .remove : .set(try parse(given)) }
    }

    /// The field's value in the object of a body.
    public func read(_ object: JSONObject) throws(Problem) -> Value {
        // What a declaration reads is of its own type.
        try declaration.read(object[declaration.name]) as! Value
    }

    private static func read(
        _ given: JSONValue, _ name: String, _ parse: (JSONValue) throws(Refusal) -> Value
    ) throws(Problem) -> Value {
        do throws(Refusal) {
            return try parse(given)
        } catch {
            throw Problem(error.code, error.detail, field: error.path.map { "\(name).\($0)" } ?? name)
        }
    }
}

// MARK: Kinds

extension Field {
    /// A string, read further by `parse`.
    public static func string(
        _ name: String, _ schema: Schema = .string(), example: String, _ description: String = "",
        parse: @escaping @Sendable (String) throws(Refusal) -> Value
    ) -> Field {
        Field(name, schema, example: .string(example), description) { given throws(Refusal) in
            guard let text = given.string else {
                throw Refusal("\(name) must be a string, it is \(given.kind)")
            }
            return try parse(text)
        }
    }
}

extension Field<String> {
    /// Any string.
    public static func string(
        _ name: String, example: String, _ description: String = ""
    ) -> Field {
        string(name, example: example, description) { $0 }
    }

    public static func text(_ name: String, _ rule: TextRule, example: String, _ description: String = "") -> Field {
        string(name, rule.schema, example: example, description, parse: rule.read)
    }
}

extension Field<ID> {
    public static func id(_ name: String, _ description: String = "") -> Field {
        string(name, Component.id.reference, example: Component.id.example.string!, description) {
            text throws(Refusal) in
            guard let id = ID(text) else { throw Refusal("\(name) must be an id: decimal digits") }
            return id
        }
    }
}

extension Field<Int64> {
    /// A time, in milliseconds since 1970.
    public static func time(_ name: String, example: String, _ description: String = "") -> Field {
        string(name, Component.time.reference, example: example, description) {
            text throws(Refusal) in
            guard let time = milliseconds(rfc3339: text) else {
                throw Refusal("\(name) must be a time in UTC such as 2026-01-05T00:07:21.289Z")
            }
            return time
        }
    }
}

extension Field<Bool> {
    public static func boolean(_ name: String, example: Bool, _ description: String = "") -> Field {
        Field(name, .boolean, example: .bool(example), description) { given throws(Refusal) in
            guard let value = given.bool else { throw Refusal("\(name) must be true or false, it is \(given.kind)") }
            return value
        }
    }
}

extension Field<Int> {
    public static func integer(
        _ name: String, in range: ClosedRange<Int>, example: Int, _ description: String = ""
    ) -> Field {
        Field(name, .integer(range), example: .integer(Int64(example)), description) { given throws(Refusal) in
            guard let value = given.integer, range.contains(Int(value)) else { throw Refusal.notWithin(range, name) }
            return Int(value)
        }
    }
}

extension Refusal {
    static func notWithin(_ range: ClosedRange<Int>, _ name: String) -> Refusal {
        Refusal("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
}
