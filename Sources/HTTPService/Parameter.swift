import Core

/// A parameter of the query: its name, how it is read, its limits, its schema and an example, in one value.
public struct Parameter<Value: Sendable>: Declares {
    public let declaration: Declaration
    private let parse: @Sendable (String) throws(Refusal) -> Value

    /// - Parameters:
    ///   - schema: what `parse` takes.
    ///   - problems: codes of its refusals beside `invalidField`, and of those that the handler gives for it.
    ///   - parse: its refusal is told with the parameter's name.
    public init(
        _ name: String, _ schema: Schema, example: String, _ description: String = "", problems: [ErrorCode] = [],
        parse: @escaping @Sendable (String) throws(Refusal) -> Value
    ) {
        self.parse = parse
        declaration = Declaration(
            place: .query, name: name, description: description, schema: schema,
            example: schema.members["type"]?.string == "integer" ? .integer(Int64(example)!) : .string(example),
            isRequired: true, problems: problems
        ) { given throws(Problem) in
            guard let text = given?.string else {
                throw Problem(.missingField, "the parameter \(name) is missing", field: name)
            }
            return try Self.read(text, name, parse)
        }
    }

    private init(_ declaration: Declaration, _ parse: @escaping @Sendable (String) throws(Refusal) -> Value) {
        self.declaration = declaration
        self.parse = parse
    }

    public var name: String { declaration.name }

    /// The same, but it may be left out: then it is `nil`.
    public var orNil: Parameter<Value?> {
        let (name, parse) = (name, parse)
        return Parameter<Value?>(
            declaration.optional { given throws(Problem) in
                guard let text = given?.string else { return Value?.none }
                return Value?.some(try Self.read(text, name, parse))
            }, parse)
    }

    /// The same, but it may be left out: then it is `fallback`, which the schema says.
    public func or(_ fallback: Value) -> Parameter<Value> where Value == Int {
        let (name, parse) = (name, parse)
        let schema = declaration.schema.with("default", .integer(Int64(fallback)))
        return Parameter(
            declaration.optional(schema: schema) { given throws(Problem) in
                guard let text = given?.string else { return fallback }
                return try Self.read(text, name, parse)
            }, parse)
    }

    /// The same with other words.
    public func described(_ description: String) -> Parameter {
        Parameter(declaration.described(description), parse)
    }

    private static func read(
        _ text: String, _ name: String, _ parse: (String) throws(Refusal) -> Value
    ) throws(Problem) -> Value {
        do throws(Refusal) {
            return try parse(text)
        } catch {
            throw Problem(error.code, error.detail, field: name)
        }
    }
}

extension Parameter<String> {
    /// Any text; the handler says what it makes of it, and by which codes it refuses it.
    public static func text(
        _ name: String, _ schema: Schema, example: String, _ description: String = "", problems: [ErrorCode] = []
    ) -> Parameter {
        Parameter(name, schema, example: example, description, problems: problems) { $0 }
    }
}

extension Parameter<Int> {
    /// Decimal digits, in one spelling only.
    public static func integer(
        _ name: String, in range: ClosedRange<Int>, example: Int, _ description: String = ""
    ) -> Parameter {
        Parameter(name, .integer(range), example: String(example), description) { text throws(Refusal) in
            guard let value = Int(text), range.contains(value), String(value).isExactly(text) else {
                throw Refusal.notWithin(range, name)
            }
            return value
        }
    }
}

/// The parameters of every list.
public enum PageParameters {
    public static let most = 100
    /// Without a default, for where it does not go with others.
    public static let howMany = Parameter.integer("limit", in: 1...most, example: 20, "Items of a page.")
    public static let limit = howMany.or(30)
    public static let cursor = Parameter.text(
        "cursor", Component.cursor.reference, example: Component.cursor.example.string!,
        "`next` of the page before. Another list's or another caller's gets 400 `invalid_cursor`.",
        problems: [.invalidCursor]
    ).orNil
}
