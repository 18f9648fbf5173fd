public import Core

/// A placeholder of a path: one segment, or what follows an `@` in one.
public struct PathParameter<Value: Sendable>: Declares {
    public let declaration: Declaration
    /// Only these segments are its own; another one is of another operation, or none.
    let words: [String]?

    /// - Parameter parse: `nil` for what names nothing: 404.
    public init(
        _ name: String, _ schema: Schema, example: String, _ description: String = "", words: [String]? = nil,
        parse: @escaping @Sendable (String) -> Value?
    ) {
        self.words = words
        declaration = Declaration(
            place: .path, name: name, description: description, schema: schema, example: .string(example),
            isRequired: true, problems: []
        ) { given throws(Problem) in
            guard let value = given?.string.flatMap(parse) else {
                throw Problem(.notFound, "there is nothing at this address")
            }
            return value
        }
    }
}

extension PathParameter<ID> {
    public static func id(_ name: String = "id", _ description: String = "") -> PathParameter {
        PathParameter(name, Component.id.reference, example: Component.id.example.string!, description) { ID($0) }
    }
}

extension PathParameter<String> {
    /// One of some words that are known.
    /// - Parameter words: at least one.
    public static func word(_ name: String, of words: [String], _ description: String = "") -> PathParameter {
        PathParameter(name, .word(of: words), example: words[0], description, words: words) { $0 }
    }
}
