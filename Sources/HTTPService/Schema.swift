public import Core

/// A schema with a name, which the document has once, and an example of it.
public struct Component: Sendable, Equatable {
    public let name: String
    public let schema: Schema
    public let example: JSONValue

    public init(_ name: String, _ schema: Schema, example: JSONValue) {
        self.name = name
        self.schema = schema
        self.example = example
    }

    /// - Parameter write: writes the example, with what writes the real ones: so schema and writer can be held together.
    public init(_ name: String, _ schema: Schema, writing write: (inout ByteWriter) -> Void) {
        self.init(name, schema, example: .written(write))
    }

    public var reference: Schema { .reference(to: self) }

    /// It and all that it refers to.
    func withAllBelow(_ found: inout [Component]) {
        if let known = found.first(where: { $0.name == name }) {
            precondition(known == self, "there are two schemas \(name)")
            return
        }
        found.append(self)
        for component in schema.components { component.withAllBelow(&found) }
    }
}

/// What a JSON value looks like, in the words of JSON Schema as OpenAPI 3.1 has them.
public struct Schema: Sendable, Equatable {
    public private(set) var members: JSONObject
    /// Those that it refers to by name.
    public private(set) var components: [Component]

    /// - Parameter components: those that the members refer to.
    public init(_ members: JSONObject, components: [Component] = []) {
        self.members = members
        self.components = components
    }

    public var json: JSONValue { .object(members) }

    /// With words that say what the schema can't, behind those that it has.
    public func described(_ text: String) -> Schema {
        let words = [members["description"]?.string ?? "", text].filter { !$0.isEmpty }
        return words.isEmpty ? self : with("description", .string(words.joined(separator: " ")))
    }

    /// The same, or `null`. Of a schema with a type of its own.
    var orNull: Schema { with("type", .array([members["type"]!, "null"])) }

    public func with(_ key: String, _ value: JSONValue) -> Schema {
        var copy = self
        copy.members.set(key, value)
        return copy
    }
}

// MARK: Kinds

extension Schema {
    /// - Parameters:
    ///   - length: in Unicode scalars.
    ///   - pattern: of ECMA-262, with the flag `u`.
    public static func string(
        length: ClosedRange<Int>? = nil, pattern: String? = nil, format: String? = nil
    ) -> Schema {
        var members: JSONObject = ["type": "string"]
        if let format { members.set("format", .string(format)) }
        if let length {
            members.set("minLength", .integer(Int64(length.lowerBound)))
            if length.upperBound < .max { members.set("maxLength", .integer(Int64(length.upperBound))) }
        }
        if let pattern { members.set("pattern", .string(pattern)) }
        return Schema(members)
    }

    /// - Parameter words: all that it can be.
    public static func word(of words: [String]) -> Schema {
        Schema(["type": "string", "enum": .array(words.map { .string($0) })])
    }

    public static func constant(_ text: String) -> Schema { Schema(["type": "string", "const": .string(text)]) }

    public static func integer(_ range: ClosedRange<Int>) -> Schema {
        Schema([
            "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
            "maximum": .integer(Int64(range.upperBound)),
        ])
    }

    public static func integer(from least: Int) -> Schema {
        Schema(["type": "integer", "minimum": .integer(Int64(least))])
    }

    public static let boolean = Schema(["type": "boolean"])
    public static let anyObject = Schema(["type": "object"])

    public static func array(of item: Schema, count: ClosedRange<Int> = 0...Int.max) -> Schema {
        var members: JSONObject = ["type": "array"]
        if count.lowerBound > 0 { members.set("minItems", .integer(Int64(count.lowerBound))) }
        if count.upperBound < .max { members.set("maxItems", .integer(Int64(count.upperBound))) }
        members.set("items", item.json)
        return Schema(members, components: item.components)
    }

    public static func reference(to component: Component) -> Schema {
        Schema(["$ref": .string("#/components/schemas/\(component.name)")], components: [component])
    }

    /// One of several, told apart by a key that each has with a word of its own.
    public static func oneOf(_ choices: [(word: String, component: Component)], by key: String) -> Schema {
        let references = choices.map { $0.component.reference.json }
        let mapping = choices.map { ($0.word, JSONValue.string("#/components/schemas/\($0.component.name)")) }
        return Schema(
            [
                "oneOf": .array(references),
                "discriminator": ["propertyName": .string(key), "mapping": .object(JSONObject(mapping))],
            ], components: choices.map(\.component))
    }

    /// One of several, told apart by the keys that they have. Generators try them in this order.
    public static func oneOf(_ choices: [Component]) -> Schema {
        Schema(["oneOf": .array(choices.map(\.reference.json))], components: choices)
    }
}

// MARK: Objects

extension Schema {
    /// A key of an object.
    public struct Property: Sendable {
        let name: String
        let schema: Schema
        let isRequired: Bool

        public static func always(_ name: String, _ schema: Schema, _ description: String = "") -> Property {
            Property(name: name, schema: schema.described(description), isRequired: true)
        }

        public static func sometimes(_ name: String, _ schema: Schema, _ description: String = "") -> Property {
            Property(name: name, schema: schema.described(description), isRequired: false)
        }
    }

    /// - Parameter isClosed: another key is an error. So it is in what clients send; what they get may grow.
    public static func object(_ properties: [Property], isClosed: Bool = false) -> Schema {
        var members: JSONObject = ["type": "object"]
        if isClosed { members.set("additionalProperties", false) }
        let required = properties.filter(\.isRequired)
        if !required.isEmpty { members.set("required", .array(required.map { .string($0.name) })) }
        members.set("properties", .object(JSONObject(properties.map { ($0.name, $0.schema.json) })))
        return Schema(members, components: properties.flatMap(\.schema.components))
    }
}
